import { stat } from 'node:fs/promises';
import { type Content, firstBytes, openPlain } from './content.js';
import { beginsWith, type Fingerprint, headBytes, headFingerprint } from './fingerprint.js';
import { type FileIdentity, type FilePosition, LogFile } from './log-file.js';
import { beginsLike, headOf, openRotated, rotatedLogs } from './rotated.js';
import type { RotatedLog } from './rotated-log.js';

/** The file that the path stands for now (links followed); undefined when there is none. @throws EACCES and the like */
export async function identityOf(path: string): Promise<FileIdentity | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return { dev, ino };
  } catch (error) {
    return absent(error);
  }
}

/** Opens it; undefined when there is none. @throws EACCES and the like */
export async function openLog(path: string): Promise<LogFile | undefined> {
  try {
    return new LogFile(await openPlain(path));
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

/**
 * Finds what the position speaks of: the same file under whatever name, else a copy of it (copytruncate), else its compressed form. Undefined when
 * it is gone, or nothing was read of it.
 */
export async function findAgain(path: string, position: FilePosition): Promise<LogFile | undefined> {
  const rotated = await rotatedLogs(path);
  const same = [path, ...rotated.filter(log => !log.archive && log.ino === position.ino).map(log => log.path)];
  for (const candidate of same) {
    const file = await opened(candidate, position, ({ dev, ino }) => dev === position.dev && ino === position.ino);
    if (file !== undefined) return file;
  }
  if (position.head.length === 0) return undefined;
  return findCopy(rotated, position);
}

/** Among rotated files, newest first, plain ones before archives. */
export async function findCopy(rotated: readonly RotatedLog[], position: FilePosition): Promise<LogFile | undefined> {
  const newestFirst = [...rotated].reverse();
  for (const log of newestFirst.filter(({ archive }) => !archive)) {
    const file = await opened(log.path, position, () => true);
    if (file !== undefined) return file;
  }
  for (const log of newestFirst.filter(({ archive }) => archive)) {
    if (await beginsLike(log, position.head)) return new LogFile(await openRotated(log), position);
  }
  return undefined;
}

export interface KnownFiles {
  readonly open: readonly FilePosition[];
  /** Were known before, and may be gone. */
  readonly former: readonly FilePosition[];
  readonly ignored: readonly FileIdentity[];
}

/**
 * Rotated files that were written after `since` (epoch ms) and that nobody has read of, oldest first: none that is `open`, no copy of the current log
 * as it is or as it was before it was truncated, no archive of anything known.
 *
 * Files that were renamed are told apart by their inodes alone: two logs that begin within the same second may begin with the same bytes.
 */
export async function findUnread(
  path: string,
  since: number,
  { open, former, ignored }: KnownFiles,
): Promise<LogFile[]> {
  const current = await currentLog(path);
  const known = [...open, ...former];
  const heads: Fingerprint[] = known.map(({ head }) => head);
  const before = known.filter(({ ino }) => ino === current?.ino).map(({ head }) => head);
  const found = new Map<RotatedLog, LogFile>();
  const candidates = (await rotatedLogs(path)).filter(
    ({ written, dev, ino }) =>
      written > since && ![...open, ...ignored].some(file => file.dev === dev && file.ino === ino),
  );
  // Of a file and its archive the file is taken: the archive may not be finished.
  for (const log of [...candidates].sort((a, b) => Number(a.archive) - Number(b.archive))) {
    const head = await headOf(log);
    if (head.length === 0 || (log.dev === current?.dev && log.ino === current.ino)) continue;
    const like = (fingerprints: readonly Fingerprint[]): boolean =>
      fingerprints.some(fingerprint => fingerprint.length > 0 && beginsWith(head, fingerprint));
    const copied = current !== undefined && log.born > current.born && (like(before) || copies(head, current.head));
    if (log.archive ? like(heads) : copied) continue;
    const fingerprint = headFingerprint(head);
    heads.push(fingerprint);
    try {
      found.set(log, new LogFile(await openRotated(log), { head: fingerprint }));
    } catch (error) {
      absent(error);
    }
  }
  return candidates.flatMap(log => found.get(log) ?? []);
}

/** One that holds what was read, up to where it was read. */
async function opened(
  path: string,
  position: FilePosition,
  wanted: (content: Content) => boolean,
): Promise<LogFile | undefined> {
  let file: LogFile | undefined;
  try {
    const content = await openPlain(path);
    file = new LogFile(content, position);
    if (wanted(content) && (await file.intact())) return file;
    await file.close();
  } catch {
    // Renamed or gone while we looked.
    await file?.close();
  }
  return undefined;
}

async function currentLog(path: string) {
  try {
    const content = await openPlain(path);
    try {
      const { dev, ino } = content;
      return { dev, ino, born: (await content.state()).born, head: await firstBytes(content, headBytes) };
    } finally {
      await content.close();
    }
  } catch (error) {
    return absent(error);
  }
}

/** The one begins as the other does, for a line at least. */
function copies(head: Buffer, current: Buffer): boolean {
  const length = Math.min(head.length, current.length);
  const shared = head.subarray(0, length);
  return shared.includes(10) && shared.equals(current.subarray(0, length));
}
