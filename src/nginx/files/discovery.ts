import { stat } from 'node:fs/promises';
import { openPlain } from './content.js';
import { beginsWith, type Fingerprint, headOf, isSure } from './fingerprint.js';
import { type FileIdentity, type FilePosition, LogFile } from './log-file.js';
import { beginningOf, openRotated, unpackedSize } from './rotated.js';
import type { RotatedLog } from './rotated-log.js';
import { writtenTogether } from './unread-archives.js';

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
export async function openLog(path: string, position?: Partial<FilePosition>): Promise<LogFile | undefined> {
  try {
    return new LogFile(path, await openPlain(path), position);
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  throw error;
}

export interface FoundFile {
  readonly file: LogFile;
  /** It does not hold everything that was read of it. */
  readonly changed: boolean;
}

/**
 * Finds what the position speaks of, by what it says: the file that holds what was read, whatever its name, inode and
 * device; else the log itself, when bytes of it were cut off, zeroed or edited; else the compressed form; else any file
 * that begins so. Undefined when none does.
 */
export async function findAgain(
  path: string,
  position: FilePosition,
  rotated: readonly RotatedLog[],
): Promise<FoundFile | undefined> {
  const plain = [path, ...rotated.filter(({ packing }) => packing === 'plain').map(log => log.path)];
  const whole = await findWhole(plain, position);
  if (position.superseded && !whole?.is(position)) {
    // What has its lines is what took its place.
    await whole?.close();
    return undefined;
  }
  if (whole !== undefined) {
    // A copy that was made before may be all that is left unpacked.
    const { size = 0 } = await whole.content.state();
    const longer = whole.is(position) ? undefined : await findPacked(rotated, position, size);
    if (longer !== undefined) await whole.close();
    return { file: longer ?? whole, changed: false };
  }
  if (position.head.length === 0) return undefined;
  const same = rotated.filter(({ ino, packing }) => packing === 'plain' && ino === position.ino).map(log => log.path);
  const changed = (await findChanged([path, ...same], position, true)) ?? undefined;
  if (changed !== undefined) return { file: changed, changed: true };
  const packed = await findPacked(rotated, position, 0);
  if (packed !== undefined) return { file: packed, changed: false };
  const shorter = await findChanged(plain, position, false);
  return shorter === undefined ? undefined : { file: shorter, changed: true };
}

/**
 * The file that holds what was read: the one with the same inode, else the longest. The
 * others are copies that were made before.
 */
export async function findWhole(paths: readonly string[], position: FilePosition): Promise<LogFile | undefined> {
  let best: { file: LogFile; length: number } | undefined;
  for (const path of paths) {
    const file = await openQuietly(path, position);
    const same = file?.is(position) === true;
    // Where no line is known, only the file system can say.
    const size = position.head.length === 0 && !same ? undefined : await file?.holds().catch(() => undefined);
    if (file === undefined) continue;
    const length = same && size !== undefined ? Number.POSITIVE_INFINITY : size;
    if (length === undefined || (best !== undefined && length <= best.length)) {
      await file.close();
      continue;
    }
    await best?.file.close();
    best = { file, length };
  }
  if (best === undefined) return undefined;
  await best.file.identify();
  return best.file;
}

/** The newest archive that begins so and holds more than this, bytes. */
async function findPacked(
  rotated: readonly RotatedLog[],
  position: FilePosition,
  size: number,
): Promise<LogFile | undefined> {
  if (position.head.length === 0) return undefined;
  for (const log of [...rotated].reverse()) {
    if (log.packing !== 'gzip' || (size > 0 && (await unpackedSize(log)) <= size)) continue;
    const bytes = await beginningOf(log);
    if (beginsWith(bytes, position.head))
      return new LogFile(log.path, await openRotated(log), { ...position, ...headOf(bytes) });
  }
  return undefined;
}

/** `trail`: also a file that begins otherwise, when lines that were read last are in it. */
async function findChanged(
  paths: readonly string[],
  position: FilePosition,
  trail: boolean,
): Promise<LogFile | undefined> {
  for (const path of new Set(paths)) {
    const file = await openQuietly(path, position);
    const check = await file?.check(trail).catch(() => undefined);
    if (check === 'unclear') await file?.moveToEnd();
    if (check === 'changed' || check === 'unclear') return file;
    await file?.close();
  }
  return undefined;
}

/** What they begin with. */
export async function headsOf(rotated: readonly RotatedLog[]): Promise<Fingerprint[]> {
  const heads: Fingerprint[] = [];
  for (const log of rotated) if (log.packing !== 'unreadable') heads.push(headOf(await beginningOf(log)).head);
  return heads;
}

export interface KnownFiles {
  readonly open: readonly LogFile[];
  /** What files begin with that were read, are read, or are not of interest. */
  readonly heads: readonly Fingerprint[];
  /** Written later than this, epoch ms. */
  readonly since: number;
  /** Also those that were written when these were: an archive was uncompressed. */
  readonly awaited: readonly { readonly written: number }[];
}

export interface UnreadFiles {
  /** Oldest first. */
  readonly files: readonly LogFile[];
  /** Compressed by a program that this one does not know. */
  readonly unreadable: readonly RotatedLog[];
}

function isAwaited(log: RotatedLog, awaited: KnownFiles['awaited']): boolean {
  return log.packing !== 'unreadable' && awaited.some(archive => writtenTogether(archive, log));
}

/**
 * Rotated files that nobody has read of: none that is open, and none that begins like one
 * that was read, for more than a line.
 */
export async function findUnread(
  rotated: readonly RotatedLog[],
  { open, heads, since, awaited }: KnownFiles,
): Promise<UnreadFiles> {
  const known = [...heads];
  const found = new Map<RotatedLog, LogFile>();
  const candidates = rotated.filter(
    log => (log.written > since || isAwaited(log, awaited)) && !open.some(file => file.is(log)),
  );
  // Where both a file and its archive exist, the file is taken: the archive may not be finished.
  const order = { plain: 0, gzip: 1, unreadable: 2 };
  for (const log of [...candidates].sort((a, b) => order[a.packing] - order[b.packing])) {
    if (log.packing === 'unreadable') continue;
    const bytes = await beginningOf(log);
    if (bytes.length === 0) continue;
    const head = headOf(bytes);
    if (known.some(fingerprint => isCopy(bytes, fingerprint))) continue;
    if (log.packing === 'gzip' && (await isArchiveOfOne(log, bytes, [...open, ...found.values()]))) continue;
    known.push(head.head);
    try {
      found.set(log, new LogFile(log.path, await openRotated(log), head));
    } catch (error) {
      absent(error);
    }
  }
  // Its name went when it was compressed; it is held open, and read.
  const nameless = open.slice(0, -1).filter(file => !rotated.some(log => file.is(log)));
  const packed = await Promise.all(nameless.map(file => file.content.state()));
  const unreadable = candidates.filter(
    log => log.packing === 'unreadable' && !packed.some(state => writtenTogether(state, log)),
  );
  return { files: candidates.flatMap(log => found.get(log) ?? []), unreadable };
}

/** It begins with the same lines, more than one: one line alone may be that of another log. */
function isCopy(bytes: Buffer, fingerprint: Fingerprint): boolean {
  return (
    fingerprint.length > 0 && beginsWith(bytes, fingerprint) && isSure(headOf(bytes.subarray(0, fingerprint.length)))
  );
}

/** Where nothing but a line is known: it begins with that line, and was written when the file was. */
async function isArchiveOfOne(log: RotatedLog, bytes: Buffer, files: readonly LogFile[]): Promise<boolean> {
  for (const { head, content } of files) {
    if (
      head.first.length > 0 &&
      !isSure(head) &&
      beginsWith(bytes, head.first) &&
      writtenTogether(await content.state(), log)
    )
      return true;
  }
  return false;
}

/** Undefined also when it cannot be opened: renamed or gone while we looked. */
export function openQuietly(path: string, position?: FilePosition): Promise<LogFile | undefined> {
  return openLog(path, position).catch(() => undefined);
}
