import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, SetupError, TransientError } from '../errors.js';
import { Database } from './database.js';
import { CorruptError } from './database-error.js';
import { migrate } from './schema.js';

/** For a lock that somebody else holds on the database (a backup tool, say). */
export const busyTimeoutMs = 2000;

export function databaseFile(dir: string): string {
  return join(dir, 'event-sink.db');
}

/** There from the first start on; held by the daemon that uses the folder. */
export function lockFile(dir: string): string {
  return join(dir, 'event-sink.lock');
}

/** Left when the file turns out corrupt while the daemon runs; the next start then moves the file aside. */
function corruptMarker(dir: string): string {
  return `${databaseFile(dir)}.is-corrupt`;
}

export function markCorrupt(dir: string, error: Error): void {
  writeFileSync(corruptMarker(dir), `${error.message}\n`);
}

/**
 * Holds DATA_DIR for this process: an exclusive transaction on a database of its own, which the kernel ends with the process,
 * however it dies.
 * @throws SetupError when another daemon holds it, or the folder cannot be written
 */
export function lockDirectory(dir: string): Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const lock = new Database(lockFile(dir));
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      throw error;
    }
    return lock;
  } catch (error) {
    if (error instanceof TransientError && error.name === 'TransientError')
      throw new SetupError(
        `another event-sink daemon uses DATA_DIR ${dir}: stop it, or give this one a folder of its own`,
      );
    throw new SetupError(`DATA_DIR ${dir} cannot be used: ${describe(error)}`);
  }
}

export interface Opened {
  readonly database: Database;
  /** Set when a corrupt file was found: where it and its companions are now, and what was wrong. */
  readonly movedAside: { readonly file: string; readonly reason: string } | undefined;
}

/** The writer's connection; a file that cannot be trusted is moved aside and a fresh one made. Call with the lock held. */
export function openForWriting(dir: string, now: number): Opened {
  if (existsSync(corruptMarker(dir))) {
    const file = moveAside(dir, now);
    return { database: prepare(dir), movedAside: { file, reason: 'it was found corrupt while the daemon ran' } };
  }
  try {
    return { database: prepare(dir), movedAside: undefined };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    const file = moveAside(dir, now);
    return { database: prepare(dir), movedAside: { file, reason: error.message } };
  }
}

/** For queries only. */
export function openForReading(dir: string): Database {
  const database = new Database(databaseFile(dir));
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY`);
  return database;
}

/**
 * synchronous FULL: a commit is on the disk when it returns. auto_vacuum before WAL, or it has no effect. The WAL moves into the file every
 * 4,000 pages, 16 MiB: a page that many commits have changed moves once; and it is cut back to that after a burst.
 */
function prepare(dir: string): Database {
  const database = new Database(databaseFile(dir));
  try {
    database.exec(`
      PRAGMA busy_timeout = ${busyTimeoutMs};
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -8192;
    `);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function moveAside(dir: string, now: number): string {
  const file = databaseFile(dir);
  const aside = `${file}.corrupt-${new Date(now).toISOString().replaceAll(':', '-')}`;
  for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, aside + end);
  rmSync(corruptMarker(dir), { force: true });
  return aside;
}
