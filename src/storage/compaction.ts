import { TransientError } from '../errors.js';
import type { Database } from './database.js';
import type { Room } from './room.js';

/** A file this much larger than its content is left alone: it will be filled again. */
const SPARE_PAGES = 1000;

/**
 * Gives free pages back to the file system, at most so many at once, and cuts the WAL back when it is all in the file.
 * Resolves with true when there is more to give.
 */
export function compact(database: Database, pages: number): boolean {
  const free = database.value<number>('PRAGMA freelist_count') ?? 0;
  if (free > SPARE_PAGES) database.exec(`PRAGMA incremental_vacuum(${Math.min(pages, free - SPARE_PAGES)})`);
  const more = free - pages > SPARE_PAGES;
  if (!more) checkpoint(database);
  return more;
}

/**
 * Before each transaction: when the disk is nearly full, empties the write-ahead log into the file, or it would grow until nothing
 * could be written at all, not even what settles and so frees.
 */
export function relieve(database: Database, room: Room): void {
  room.forget();
  if (!room.low || room.logBytes === 0) return;
  checkpoint(database);
  room.forget();
}

function checkpoint(database: Database): void {
  try {
    database.rows('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    // A reader is in the way, or there is no space: the next one does it.
    if (!(error instanceof TransientError)) throw error;
  }
}
