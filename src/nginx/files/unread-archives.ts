import type { Log } from '../../log.js';
import type { RotatedLog } from './rotated-log.js';
import type { UnreadArchive } from './saved-files.js';

const maxArchives = 100;

/** Programs that compress keep the time of writing, some of them in whole seconds. */
export function writtenTogether(one: { readonly written: number }, other: { readonly written: number }): boolean {
  const [earlier, later] = one.written < other.written ? [one.written, other.written] : [other.written, one.written];
  return later - earlier < 1 || (earlier % 1_000 === 0 && later - earlier < 1_000);
}

/**
 * Remembers those archives that cannot be read and are still there, and says so once of each. Returns
 * them, and the bytes of the new ones.
 */
export function noteArchives(
  log: Log,
  before: readonly UnreadArchive[],
  rotated: readonly RotatedLog[],
  found: readonly RotatedLog[],
): {
  readonly archives: readonly UnreadArchive[];
  readonly fresh: readonly UnreadArchive[];
  readonly newBytes: number;
} {
  const there = before.filter(archive =>
    rotated.some(file => file.packing === 'unreadable' && writtenTogether(archive, file)),
  );
  const fresh = found.filter(file => !there.some(archive => writtenTogether(archive, file)));
  const newBytes = fresh.reduce((sum, { size }) => sum + size, 0);
  if (fresh.length > 0) {
    const reason =
      'only plain files and .gz can be read: uncompress these, and they are read at the next rotation or start';
    log.warn({ reason, files: fresh.map(({ path }) => path), bytes: newBytes }, 'archive.unread');
  }
  const added = fresh.map(({ path, size, written }) => ({ path, size, written }));
  return { archives: [...there, ...added].slice(-maxArchives), fresh: added, newBytes };
}
