import { addWaitingBytes, requireCapacity } from './capacity.js';
import type { Database, Value } from './database.js';
import { fitting, pageBytes } from './page-size.js';
import { lastSeq, passAddressed, queueOf } from './queues.js';
import type { Transaction } from './transaction.js';

export type DeadLetterRow = [
  key: number,
  sink: string,
  id: string,
  reason: string,
  fault: string,
  attempts: number,
  firstSeen: number,
  deadAt: number,
  source: string,
  body: string,
];

export interface DeadLetterListArguments {
  readonly sink: string | undefined;
  readonly limit: number;
  readonly maxBytes?: number;
  /** Key of the last dead letter of the previous page. */
  readonly after: number;
}

/** One chunk of a selection: the named keys, or all after `after` up to `last`. */
export interface DeadLetterChunk {
  readonly sink: string;
  readonly keys: readonly number[] | undefined;
  readonly after: number;
  readonly last: number;
  readonly limit: number;
}

/** Oldest first. */
function listDeadLetters(database: Database, { sink, limit, maxBytes, after }: DeadLetterListArguments) {
  const where = sink === undefined ? 'key > ?' : 'key > ? AND sink = ?';
  const values: Value[] = sink === undefined ? [after] : [after, sink];
  const sizes = database.rows<[number, number]>(
    `SELECT key, octet_length(body) FROM dead_letters WHERE ${where} ORDER BY key LIMIT CAST(? AS INTEGER)`,
    ...values,
    limit + 1,
  );
  const count = fitting(
    sizes.slice(0, limit).map(([, size]) => size),
    maxBytes ?? pageBytes,
  );
  const rows = database.rows<DeadLetterRow>(
    `SELECT key, sink, id, reason, fault, attempts, first_seen, dead_at, source, body FROM dead_letters
     WHERE ${where} AND key <= ? ORDER BY key`,
    ...values,
    sizes[count - 1]?.[0] ?? 0,
  );
  return { rows, more: count < sizes.length };
}

function countDeadLetters(database: Database, { sink }: { sink: string }): number {
  return database.value<number>('SELECT count(*) FROM dead_letters WHERE sink = ?', sink) ?? 0;
}

/** The newest key: "all" means those that were there when the request came. */
function lastDeadLetter(database: Database, { sink }: { sink: string }): number {
  return database.value<number | null>('SELECT max(key) FROM dead_letters WHERE sink = ?', sink) ?? 0;
}

function select(database: Database, { sink, keys, after, last, limit }: DeadLetterChunk): number[] {
  const named = keys === undefined ? '' : 'AND key IN (SELECT value FROM json_each(?))';
  return database
    .rows<[number]>(
      `SELECT key FROM dead_letters WHERE sink = ? AND key > ? AND key <= ? ${named} ORDER BY key LIMIT CAST(? AS INTEGER)`,
      ...[sink, after, last, ...(keys === undefined ? [] : [JSON.stringify(keys)]), limit],
    )
    .map(([key]) => key);
}

/** Back to the queue of their own sink alone, in one transaction with their removal. */
function redriveDeadLetters(transaction: Transaction, chunk: DeadLetterChunk): number[] {
  const { database, delta } = transaction;
  requireCapacity(transaction);
  const queue = queueOf(database, chunk.sink);
  const before = lastSeq(database);
  const keys = select(database, chunk);
  const chosen = JSON.stringify(keys);
  database.run(
    `INSERT INTO messages (target, id, source, received, timestamp, body)
     SELECT CAST(? AS INTEGER), id, source, first_seen, timestamp, body FROM dead_letters
     WHERE key IN (SELECT value FROM json_each(?)) ORDER BY key`,
    queue,
    chosen,
  );
  const size = 'SELECT total(octet_length(body)) FROM dead_letters WHERE key IN (SELECT value FROM json_each(?))';
  addWaitingBytes(database, database.value<number>(size, chosen) ?? 0);
  database.run('DELETE FROM dead_letters WHERE key IN (SELECT value FROM json_each(?))', chosen);
  delta.add(chunk.sink, { accepted: keys.length });
  passAddressed(database, before);
  return keys;
}

function removeDeadLetters({ database }: Transaction, chunk: DeadLetterChunk): number[] {
  const keys = select(database, chunk);
  database.run('DELETE FROM dead_letters WHERE key IN (SELECT value FROM json_each(?))', JSON.stringify(keys));
  return keys;
}

export const deadLetterWrites = { redriveDeadLetters, removeDeadLetters };
export const deadLetterReads = { listDeadLetters, countDeadLetters, lastDeadLetter };
