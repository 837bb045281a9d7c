import { TransientError } from '../errors.js';
import type { Database } from './database.js';
import type { DiskSpace } from './disk-space.js';
import { busyTimeoutMs } from './opening.js';

/** A file this much larger than its content is left alone: it will be filled again. */
const sparePages = 1000;

/**
 * Gives at most `pages` free pages back to the file system, and truncates the write-ahead log once there is nothing
 * more to give. Returns true when there is more to give.
 */
export function compact(database: Database, pages: number): boolean {
  const free = database.value<number>('PRAGMA freelist_count') ?? 0;
  const vacuum = `PRAGMA incremental_vacuum(${Math.min(pages, free - sparePages)})`;
  const done = free <= sparePages || succeeds(() => database.exec(vacuum));
  const more = done && free - pages > sparePages;
  if (!more) cutLog(database);
  return more;
}

/**
 * Before each transaction: when the disk is nearly full, empties the write-ahead log into the file, or it would grow
 * until nothing could be written at all, not even what settles and so frees. To settle a batch takes as much log as the
 * batch did: deleted rows are zeroed.
 */
export function relieve(database: Database, diskSpace: DiskSpace): void {
  diskSpace.forget();
  if (!diskSpace.tight) return;
  cutLog(database);
  diskSpace.forget();
}

/**
 * Without waiting for a slow reader, which the busy timeout would do: writing stands still meanwhile. False when one
 * was in the way, and what was deleted is still in the log.
 */
export function cutLog(database: Database): boolean {
  database.exec('PRAGMA busy_timeout = 0');
  let busy = 1;
  succeeds(() => {
    busy = database.value<number>('PRAGMA wal_checkpoint(TRUNCATE)') ?? 1;
  });
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  return busy === 0;
}

/** Nothing else is written meanwhile: a second or two. */
const maxRebuiltBytes = 256 * 1024 * 1024;

/**
 * A page that was balanced keeps copies of cells that moved to another, in the part that is not used, and secure_delete
 * does not overwrite those: only a page that is written anew is free of them. False when the file is too large.
 */
export function rebuild(database: Database): boolean {
  const bytes = (database.value<number>('PRAGMA page_count') ?? 0) * (database.value<number>('PRAGMA page_size') ?? 0);
  return bytes <= maxRebuiltBytes && succeeds(() => database.exec('VACUUM'));
}

/** False when a reader is in the way or there is no space: the next round does it. */
function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof TransientError) return false;
    throw error;
  }
}
