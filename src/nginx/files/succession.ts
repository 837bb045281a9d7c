import { readAt } from './content.js';
import { findWhole, openQuietly } from './discovery.js';
import { beginsWith, isSure } from './fingerprint.js';
import { findNewestLine, trailOf } from './last-line-hashes.js';
import type { FilePosition, LogFile } from './log-file.js';
import type { RotatedLog } from './rotated-log.js';

/** How much is compared at most of the lines of the old file that were not read yet, bytes. */
const maxBytes = 16 * 1024 * 1024;

/**
 * A file that took the place of another may have its lines: the log was moved to another file system, restored, or
 * edited by a program that writes a new file. Returns where in it the first line begins that the old one does not have;
 * undefined when it is a new log.
 */
async function continuesAt(old: LogFile, current: LogFile): Promise<number | undefined> {
  const { size = 0 } = await current.content.state();
  const oldSize = (await old.content.state()).size ?? old.offset;
  if (size === 0) return undefined;
  const unread = await readAt(old.content, old.offset, Math.min(oldSize - old.offset, maxBytes));
  const known = new Set([...old.position.trail, ...trailOf(unread, Number.POSITIVE_INFINITY)]);
  const found = await findNewestLine(current.content, size, known);
  if (found === undefined) return undefined;
  return found.sure || (await beginsLike(old, current)) ? found.end : undefined;
}

export interface Succession {
  /** Stands where the first line begins that the old file does not have; undefined when nothing continues it. */
  readonly successor: LogFile | undefined;
  /** It holds everything that was read of the old file. */
  readonly whole: boolean;
}

/**
 * What is read in the place of the file that was the log: the current one, when it has the old one's lines, or else,
 * when the old one's name has gone, the newest rotated file that has them. That one took the old one's place, and was
 * rotated away itself before anybody looked. A copy that the path leads to may leave the old one where it was.
 */
export async function findSuccessor(
  old: LogFile,
  current: LogFile,
  rotated: readonly RotatedLog[],
  open: readonly LogFile[],
): Promise<Succession> {
  const gone = !rotated.some(log => old.is(log));
  const place = gone || (await isCopy(old, current)) ? await continuesAt(old, current) : undefined;
  if (place !== undefined) await current.takeOver(place);
  const others = gone ? rotated.filter(log => !open.some(file => file.is(log))) : [];
  const successor = place === undefined ? await findRotated(old, others) : current;
  if (successor === undefined) return { successor, whole: false };
  const whole = await findWhole([successor.path], old.position);
  await whole?.close();
  old.supersede();
  return { successor, whole: whole !== undefined };
}

/**
 * A file whose place another one took went before it was read to where that one begins, as when the daemon was killed
 * in between: the other one has these lines too, and is read from where the reading stood.
 */
export async function takeBack(gone: FilePosition, successor: LogFile | undefined): Promise<void> {
  if (!successor?.waits) return;
  const read = new Set(gone.trail);
  const place = gone.offset === 0 ? 0 : (await findNewestLine(successor.content, successor.offset, read))?.end;
  if (place !== undefined && place < successor.offset) await successor.takeOver(place);
}

/** It begins with the same lines, more than one: one line alone may be that of a new log. */
async function isCopy({ head }: LogFile, { content }: LogFile): Promise<boolean> {
  return isSure(head) && beginsWith(await readAt(content, 0, head.head.length), head.head);
}

async function findRotated(old: LogFile, others: readonly RotatedLog[]): Promise<LogFile | undefined> {
  for (const log of others.toReversed()) {
    const file = log.packing === 'plain' ? await openQuietly(log.path) : undefined;
    const place = file && (await beginsLike(old, file)) ? await continuesAt(old, file) : undefined;
    if (place === undefined) await file?.close();
    else {
      await file?.takeOver(place);
      return file;
    }
  }
  return undefined;
}

async function beginsLike({ head: { first } }: LogFile, { content }: LogFile): Promise<boolean> {
  return first.length > 0 && beginsWith(await readAt(content, 0, first.length), first);
}
