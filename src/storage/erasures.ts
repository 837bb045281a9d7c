import type { Database } from './database.js';
import type { Transaction } from './transaction.js';

export type ErasureRow = [id: string, asked: number, people: string | null, state: string];

export interface NewErasure {
  readonly id: string;
  /** What names them, as JSON. */
  readonly people: string;
  /** The receipt, as JSON. */
  readonly state: string;
  /** Keyed hashes of what names them, and a hash of the secret. */
  readonly hashes: readonly string[];
  readonly secret: string;
}

/** From this commit on they are recognised, and the erasure goes on after every start until it is done. */
function beginErasure({ database, now }: Transaction, { id, people, state, hashes, secret }: NewErasure): void {
  database.run('INSERT OR IGNORE INTO erasures VALUES (?, ?, ?, ?)', id, now, people, state);
  database.insert(
    'INSERT OR IGNORE INTO erased_people',
    3,
    hashes.flatMap(hash => [hash, now, secret]),
  );
}

/** `done` forgets who it was. */
function keepErasure(
  { database }: Transaction,
  { id, state, done }: { readonly id: string; readonly state: string; readonly done: boolean },
): void {
  database.run(`UPDATE erasures SET state = ? ${done ? ', people = NULL' : ''} WHERE id = ?`, state, id);
}

/** Those that are not done. */
function openErasures({ database }: Transaction): ErasureRow[] {
  return database.rows('SELECT id, asked, people, state FROM erasures WHERE people IS NOT NULL ORDER BY asked, id');
}

/** Everybody who was erased, and with which secrets. */
function erasedPeople({ database }: Transaction): [hash: string, secret: string][] {
  return database.rows('SELECT hash, secret FROM erased_people');
}

/** Newest first. */
function listErasures(database: Database, { limit }: { readonly limit: number }): ErasureRow[] {
  return database.rows(
    'SELECT id, asked, people, state FROM erasures ORDER BY asked DESC, id LIMIT CAST(? AS INTEGER)',
    limit,
  );
}

export const erasureWrites = { beginErasure, keepErasure, openErasures, erasedPeople };
export const erasureReads = { listErasures };
