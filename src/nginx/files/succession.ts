import { readAt } from './content.js';
import { beginsWith } from './fingerprint.js';
import { findNewestLine, trailOf } from './last-line-hashes.js';
import type { LogFile } from './log-file.js';

/** How much is compared at most of the lines of the old file that were not read yet, bytes. */
const maxBytes = 16 * 1024 * 1024;

/**
 * A file that took the place of another may have its lines: the log was moved to another file system, restored, or
 * edited by a program that writes a new file. Returns where in it the first line begins that the old one does not have;
 * undefined when it is a new log.
 */
export async function continuesAt(old: LogFile, current: LogFile): Promise<number | undefined> {
  const { size = 0 } = await current.content.state();
  const oldSize = (await old.content.state()).size ?? old.offset;
  if (size === 0) return undefined;
  const unread = await readAt(old.content, old.offset, Math.min(oldSize - old.offset, maxBytes));
  const known = new Set([...old.position.trail, ...trailOf(unread, Number.POSITIVE_INFINITY)]);
  const found = await findNewestLine(current.content, size, known);
  if (found === undefined) return undefined;
  const { first } = old.head;
  const begins = first.length > 0 && beginsWith(await readAt(current.content, 0, first.length), first);
  return begins || found.sure ? found.end : undefined;
}
