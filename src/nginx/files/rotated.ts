import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Content, openArchive, openPlain, readAt, readHead } from './content.js';
import type { RotatedLog } from './rotated-log.js';
import { datedNames, isDate, packingOf, rotatedNames } from './rotated-names.js';

/** Where the files of a log are looked for. */
export interface LogPlaces {
  readonly path: string;
  /** Files that the path, a link, leads to or has led to. */
  readonly targets: readonly string[];
  /** Other folders: NGINX_ROTATED_DIRS. */
  readonly folders: readonly string[];
  /** Logs that are configured themselves, as absolute paths: never a part of this one. */
  readonly others: ReadonlySet<string>;
}

/** Folders named for days beside that of a link's target are searched too, the last ones of them. */
const maxFolders = 60;

/** What rotation made of the log, oldest first. Not what its path stands for by its own name. */
export async function rotatedLogs({ path, targets, folders, others }: LogPlaces): Promise<RotatedLog[]> {
  const own = resolve(path);
  const rotated = rotatedNames(basename(path));
  const paths = new Set<string>();
  const search = async (folder: string, belongs: (name: string) => boolean): Promise<void> => {
    for (const name of await namesIn(folder)) if (belongs(name)) paths.add(resolve(folder, name));
  };
  await search(dirname(path), rotated);
  for (const folder of folders) await search(folder, name => name === basename(path) || rotated(name));
  for (const target of targets) {
    const name = basename(target);
    const [made, dated] = [rotatedNames(name), datedNames(name)];
    const belongs = (other: string): boolean => other === name || made(other) || dated(other);
    for (const folder of await foldersLike(dirname(target))) await search(folder, belongs);
  }
  paths.delete(own);
  const found = await Promise.all([...paths].filter(file => !others.has(file)).map(describe));
  return unique(found.filter(log => log !== undefined)).sort(
    (a, b) => a.written - b.written || (a.path < b.path ? 1 : -1),
  );
}

/** The folder itself, and those beside it that are named for other days: `2024-03-05`, or `05` in `2024/03`. */
async function foldersLike(folder: string): Promise<string[]> {
  const name = basename(folder);
  const month = `${basename(dirname(dirname(folder)))}-${basename(dirname(folder))}`;
  const inMonth = (day: string): boolean => /^\d{2}$/.test(day) && isDate(`${month}-${day}`);
  if (!isDate(name) && !inMonth(name)) return [folder];
  const like = isDate(name) ? datedNames(name) : inMonth;
  const names = (await namesIn(dirname(folder))).filter(like).sort().slice(-maxFolders);
  return [...new Set([folder, ...names.map(other => join(dirname(folder), other))])];
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function describe(path: string): Promise<RotatedLog | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !stats.isFile() || stats.size === 0) return undefined;
  const { dev, ino, size, mtimeMs } = stats;
  return { path, dev, ino, size, written: mtimeMs, packing: packingOf(path) };
}

/** A file under two names, such as a link and its target, is one. */
function unique(logs: readonly RotatedLog[]): RotatedLog[] {
  return [...new Map(logs.map(log => [`${log.dev}:${log.ino}`, log])).values()];
}

/** @throws when it is gone meanwhile */
export async function openRotated(log: RotatedLog): Promise<Content> {
  return log.packing === 'gzip' ? openArchive(log) : openPlain(log.path);
}

/** The first bytes; empty when it cannot be read. */
export async function beginningOf(log: RotatedLog): Promise<Buffer> {
  try {
    const content = await openRotated(log);
    try {
      return await readHead(content);
    } finally {
      await content.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** As the archive itself says in its last bytes; 0 when it cannot be read. */
export async function unpackedSize({ path, size }: RotatedLog): Promise<number> {
  try {
    const content = await openPlain(path);
    try {
      return (await readAt(content, size - 4, 4)).readUInt32LE();
    } finally {
      await content.close();
    }
  } catch {
    return 0;
  }
}
