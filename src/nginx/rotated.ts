import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type Content, firstBytes, openArchive, openPlain } from './content.js';
import { beginsWith, type Fingerprint, headBytes } from './fingerprint.js';
import type { RotatedLog } from './rotated-log.js';

/**
 * `access.log.1`, `access.log-20240305.gz`, `access-2024-03-05.log` and the like, oldest first. Not the log itself, whatever file its name stands
 * for at the moment.
 */
export async function rotatedLogs(path: string): Promise<RotatedLog[]> {
  const name = basename(path);
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  const dated = new RegExp(`^${literal(stem)}[-_.]\\d[\\d\\-_.T:]*${literal(extension)}(?:\\.gz)?$`);
  const belongs = (other: string): boolean => new RegExp(`^${literal(name)}[-_.]`).test(other) || dated.test(other);
  const names = await readdir(dirname(path)).catch(() => []);
  const found = await Promise.all(names.filter(belongs).map(other => describe(join(dirname(path), other))));
  return found.filter(log => log !== undefined).sort((a, b) => a.written - b.written || (a.path < b.path ? 1 : -1));
}

async function describe(path: string): Promise<RotatedLog | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.size === 0) return undefined;
  const { dev, ino, mtimeMs, birthtimeMs } = stats;
  return { path, dev, ino, written: mtimeMs, born: birthtimeMs, archive: path.endsWith('.gz') };
}

/** @throws when it is gone meanwhile */
export async function openRotated(log: RotatedLog): Promise<Content> {
  return log.archive ? openArchive(log) : openPlain(log.path);
}

/** Empty when it cannot be read. */
export async function headOf(log: RotatedLog): Promise<Buffer> {
  try {
    const content = await openRotated(log);
    try {
      return await firstBytes(content, headBytes);
    } finally {
      await content.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** Whether it begins with the bytes of the fingerprint. An empty fingerprint matches nothing. */
export async function beginsLike(log: RotatedLog, fingerprint: Fingerprint): Promise<boolean> {
  return fingerprint.length > 0 && beginsWith(await headOf(log), fingerprint);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
