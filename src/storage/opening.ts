import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { describe, SetupError, TransientError } from '../errors.js';
import { corruptMarker } from './corrupt-marker.js';
import { Database } from './database.js';
import { CorruptError } from './database-error.js';
import { databaseFile, lockFile, unfinishedRestore } from './files.js';
import { countLoss, storedHighWater } from './high-water.js';
import { ledgerReads } from './ledger.js';
import { keepLoss } from './losses.js';
import { migrate } from './migrate.js';
import { ownFile, readOwnFile } from './own-files.js';
import { finishSalvage, type Salvage, salvage, settleLedger } from './salvage.js';
import { noteUsageLoss } from './usage-loss.js';

/** For a lock that somebody else holds on the database (a backup tool, say). */
export const busyTimeoutMs = 2000;

/**
 * Holds DATA_DIR for this process: an exclusive transaction on a database of its own, which the kernel ends with the
 * process, however it dies.
 * @throws SetupError when another daemon holds it, or the folder cannot be written
 */
export function lockDirectory(dir: string): Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    ownFile(lockFile(dir));
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
  /** Set when a damaged file was found. */
  readonly salvaged: Salvage | undefined;
  /** What was in the database at the last run and is gone; empty when nothing is. */
  readonly lost: Readonly<Record<string, number>>;
}

/** The writer's connection; what can be read of a damaged file goes into a fresh one. Call with the lock held. */
export function openForWriting(dir: string, now: number): Opened {
  const file = databaseFile(dir);
  finishSalvage(file);
  if (!existsSync(file) && existsSync(unfinishedRestore(dir)))
    throw new SetupError(
      `a restore into DATA_DIR ${dir} was cut off, and what was there is kept as event-sink.db.before-restore-*: run event-sink restore again`,
    );
  const marked = existsSync(corruptMarker(dir)) && existsSync(file);
  if (marked) return salvaged(dir, now, readOwnFile(corruptMarker(dir)).trim());
  try {
    const database = prepare(dir);
    return { database, salvaged: undefined, lost: recordCut(database, dir, now) };
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    return salvaged(dir, now, error.message);
  }
}

function salvaged(dir: string, now: number, reason: string): Opened {
  const found = salvage({ file: databaseFile(dir), reason, now, mark: storedHighWater(dir) });
  const database = prepare(dir);
  const { sinks } = ledgerReads.ledgerReport(database, { now });
  database.transaction('BEGIN IMMEDIATE', () => {
    settleLedger(database, sinks);
    noteUsageLoss(database, found.lost, now);
    keepLoss(database, { at: now, cause: 'damage', rows: found.lost, report: found.report });
  });
  rmSync(corruptMarker(dir), { force: true });
  return { database, salvaged: found, lost: recordCut(database, dir, now) };
}

function recordCut(database: Database, dir: string, now: number): Readonly<Record<string, number>> {
  const rows = countLoss(database, dir);
  if (Object.keys(rows).length > 0) keepLoss(database, { at: now, cause: 'log', rows });
  return rows;
}

/** For queries only. */
export function openForReading(dir: string): Database {
  const database = new Database(databaseFile(dir));
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY`);
  return database;
}

/**
 * synchronous FULL: a commit is on the disk when it returns. auto_vacuum before WAL, or it has no effect. The WAL moves
 * into the file every 4,000 pages, 16 MiB: a page that many commits have changed moves once; and it is cut back to that
 * after a burst. What is deleted is overwritten with zeros (secure_delete).
 */
function prepare(dir: string): Database {
  for (const end of ['', '-wal', '-shm'])
    if (end === '' || existsSync(databaseFile(dir) + end)) ownFile(databaseFile(dir) + end);
  const database = new Database(databaseFile(dir));
  try {
    database.exec(`
      PRAGMA busy_timeout = ${busyTimeoutMs};
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
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
