import { UnsupportedError } from '../errors.js';
import { addWaitingBytes, requireDeadLetterCapacity } from './capacity.js';
import type { Database } from './database.js';
import { lostOf } from './high-water.js';
import { totalHour } from './ledger-delta.js';
import { fitting } from './page-size.js';
import type { Transaction } from './transaction.js';

/** At most this many settled messages leave the file at once. */
const trimChunk = 2000;

/** Waits in queue ?1, after the sequence number ?2. */
const isWaiting = `messages.seq > ?2 AND (target IS NULL OR target = ?1)
  AND NOT EXISTS (SELECT 1 FROM settled WHERE settled.queue = ?1 AND settled.seq = messages.seq)`;

/** Messages by column: half the work of a list of objects when they are copied to another thread. */
export interface MessageColumns {
  readonly ids: readonly string[];
  readonly bodies: readonly string[];
  readonly sources: readonly string[];
  readonly received: readonly number[];
  readonly timestamps: readonly (number | null)[];
}

export type QueueRow = [
  seq: number,
  id: string,
  source: string,
  received: number,
  timestamp: number | null,
  body: string,
];

export interface TakeArguments {
  readonly queue: number;
  /** Sequence number: only what comes after it. */
  readonly after: number;
  readonly count: number;
  readonly bytes: number;
  /** The first message comes even when it alone is larger than `bytes`. */
  readonly atLeastOne: boolean;
}

export interface SettleArguments {
  readonly queue: number;
  /** Ascending, each unsettled until now; done and dead alike. */
  readonly seqs: readonly number[];
  /**
   * How many of them were there already, were filtered, were too old, or are of erased people; the rest of those not
   * dead counts as delivered.
   */
  readonly duplicates?: number;
  readonly filtered?: number;
  readonly tooOld?: number;
  readonly erased?: number;
  /** Handed on to another broker: no longer accepted here. */
  readonly moved?: boolean;
  /** Each with what takes the place of its body, where that is not kept. */
  readonly dead?: readonly { seq: number; reason: string; fault: string; attempts: number; body?: string }[];
}

/** Makes the queue unless it is there; a new one starts at the present end. */
function declareQueue(transaction: Transaction, { name, sink }: { name: string; sink: string }) {
  const { database } = transaction;
  const end = lastSeq(database);
  database.run('INSERT INTO queues (name, sink, cursor) VALUES (?, ?, ?) ON CONFLICT DO NOTHING', name, sink, end);
  database.run('UPDATE queues SET sink = ? WHERE name = ? AND sink <> ?', sink, name, sink);
  const [number, cursor] = database.row<[number, number]>('SELECT number, cursor FROM queues WHERE name = ?', name)!;
  return { number, cursor, end };
}

/** The queue and what waits in it are gone; so that the ledger still balances, what waited counts as never accepted. */
function removeQueue({ database, delta }: Transaction, { name }: { name: string }): boolean {
  const queue = database.row<[number, string, number]>('SELECT number, sink, cursor FROM queues WHERE name = ?', name);
  if (queue === undefined) return false;
  const [number, sink, cursor] = queue;
  const pending = database.value<number>(`SELECT count(*) FROM messages WHERE ${isWaiting}`, number, cursor)!;
  delta.add(sink, { accepted: -pending });
  database.run('DELETE FROM settled WHERE queue = ?', number);
  database.run('DELETE FROM queues WHERE number = ?', number);
  return true;
}

/**
 * After messages were added of which some are for some queues alone: a queue that had nothing waiting goes past those
 * that are not for it, up to the first that is.
 * @param before the last sequence number before them
 */
export function passAddressed(database: Database, before: number): void {
  database.run(
    `UPDATE queues SET cursor = coalesce(
       (SELECT seq - 1 FROM messages WHERE seq > ?1 AND (target IS NULL OR target = queues.number) ORDER BY seq LIMIT 1),
       ?2)
     WHERE cursor = ?1`,
    before,
    lastSeq(database),
  );
}

/** @throws UnsupportedError when the sink has no queue */
export function queueOf(database: Database, sink: string): number {
  const number = database.value<number>('SELECT max(number) FROM queues WHERE sink = ?', sink);
  if (typeof number !== 'number') throw new UnsupportedError(`no queue feeds a sink called ${sink}`);
  return number;
}

export function lastSeq(database: Database): number {
  return database.value<number>("SELECT seq FROM sqlite_sequence WHERE name = 'messages'") ?? 0;
}

/** The next messages of a queue, in order. It does not remember what it gave: the caller goes on after the last one. */
function take({ database }: Transaction, args: TakeArguments): { rows: QueueRow[]; more: boolean } {
  const cursor = database.value<number>('SELECT cursor FROM queues WHERE number = ?', args.queue);
  if (cursor === undefined) return { rows: [], more: false };
  const after = Math.max(cursor, args.after);
  const sizes = database.rows<[number, number]>(
    `SELECT seq, octet_length(body) FROM messages WHERE ${isWaiting} ORDER BY seq LIMIT CAST(?3 AS INTEGER)`,
    args.queue,
    after,
    args.count,
  );
  if (sizes.length === 0) return { rows: [], more: false };
  if (!args.atLeastOne && sizes[0]![1] > args.bytes) return { rows: [], more: true };
  const count = fitting(
    sizes.map(([, size]) => size),
    args.bytes,
  );
  const rows = database.rows<QueueRow>(
    `SELECT seq, id, source, received, timestamp, body FROM messages WHERE ${isWaiting} AND seq <= ?3 ORDER BY seq`,
    args.queue,
    after,
    sizes[count - 1]![0],
  );
  return { rows, more: count < sizes.length };
}

/**
 * Settles deliveries. Those at the head move the cursor; others wait in `settled` until it reaches them. The work
 * follows the number settled, never the number waiting: the cursor always stands right before the first unsettled
 * message, and each exception is passed once.
 */
function settle(transaction: Transaction, args: SettleArguments): void {
  const { database, delta, now } = transaction;
  const { queue, seqs, duplicates = 0, filtered = 0, tooOld = 0, erased = 0, moved = false, dead = [] } = args;
  if (seqs.length === 0) return;
  const [cursor, sink] =
    database.row<[number, string]>('SELECT cursor, sink FROM queues WHERE number = ?', queue) ?? [];
  // The queue was removed while these were out.
  if (cursor === undefined || sink === undefined) return;
  if (seqs[0]! <= cursor) throw new Error(`message ${seqs[0]} of queue ${queue} was settled before`);

  if (dead.length > 0) requireDeadLetterCapacity(transaction, sink);
  for (const { seq, reason, fault, attempts, body = null } of dead) {
    const copied = database.run(
      `INSERT INTO dead_letters (sink, id, reason, fault, attempts, first_seen, dead_at, source, timestamp, body)
       SELECT ?, id, ?, ?, ?, received, ?, source, timestamp, coalesce(?, body) FROM messages WHERE seq = ?`,
      ...[sink, reason, fault, attempts, now, body, seq],
    );
    if (copied === 0) throw new Error(`message ${seq} of queue ${queue} is not there`);
  }
  advance(database, queue, cursor, seqs);
  const done = seqs.length - dead.length;
  if (moved) delta.add(sink, { accepted: -done });
  else {
    const delivered = done - duplicates - filtered - tooOld - erased;
    delta.add(sink, { delivered, duplicates, filtered, too_old: tooOld, erased, dead: dead.length });
  }
  trim(database, trimChunk);
}

function advance(database: Database, queue: number, cursor: number, seqs: readonly number[]): void {
  const first = `SELECT seq FROM messages WHERE ${isWaiting} ORDER BY seq LIMIT`;
  let passed = 0;
  if (database.value<number>(`${first} 1`, queue, cursor) === seqs[0]) {
    const waiting = database.rows<[number]>(`${first} CAST(?3 AS INTEGER)`, queue, cursor, seqs.length + 1);
    while (passed < seqs.length && waiting[passed]?.[0] === seqs[passed]) passed += 1;
    const next = waiting[passed]?.[0];
    const reached = next === undefined ? lastSeq(database) : next - 1;
    database.run('UPDATE queues SET cursor = ? WHERE number = ?', reached, queue);
    database.run('DELETE FROM settled WHERE queue = ? AND seq <= ?', queue, reached);
  }
  if (passed < seqs.length) {
    database.run(
      'INSERT INTO settled SELECT CAST(? AS INTEGER), value FROM json_each(?)',
      queue,
      JSON.stringify(seqs.slice(passed)),
    );
  }
}

/** Deletes what every queue has settled. Returns true when there is more to delete. */
function trim(database: Database, chunk: number): boolean {
  const first = database.value<number | null>('SELECT min(seq) FROM messages') ?? null;
  if (first === null) return false;
  const everywhere = database.value<number | null>('SELECT min(cursor) FROM queues') ?? lastSeq(database);
  if (first > everywhere) return false;
  const last = Math.min(everywhere, first + chunk - 1);
  const bytes = database.value<number>('SELECT total(octet_length(body)) FROM messages WHERE seq <= ?', last) ?? 0;
  database.run('DELETE FROM messages WHERE seq <= ?', last);
  addWaitingBytes(database, -bytes);
  return first + chunk - 1 < everywhere;
}

function trimMessages({ database }: Transaction): boolean {
  return trim(database, trimChunk);
}

export interface QueueState {
  readonly number: number;
  readonly name: string;
  readonly sink: string;
  /** Accepted and not settled, by the counters of the ledger. */
  readonly pending: number;
  /** When the first of them was received, epoch ms. */
  readonly oldest: number | undefined;
}

function queueStates(database: Database): QueueState[] {
  const queues = database.rows<[number, string, string, number]>(
    'SELECT number, name, sink, cursor FROM queues ORDER BY number',
  );
  return queues.map(([number, name, sink, cursor]) => {
    const oldest = database.value<number>(
      `SELECT received FROM messages WHERE ${isWaiting} ORDER BY seq LIMIT 1`,
      number,
      cursor,
    );
    // Two queues of one sink share its counters: then only counting tells them apart.
    const alone = queues.filter(other => other[2] === sink).length === 1;
    const pending =
      oldest === undefined
        ? 0
        : alone
          ? (database.value<number>(
              'SELECT accepted - delivered - duplicates - filtered - too_old - erased - dead FROM ledger WHERE sink = ? AND hour = ?',
              sink,
              totalHour,
            ) ?? 0) - lostOf(database, sink)
          : database.value<number>(`SELECT count(*) FROM messages WHERE ${isWaiting}`, number, cursor);
    return { number, name, sink, pending: pending ?? 0, oldest };
  });
}

/** The same on the writer's thread: for a start, which needs no other. */
function findQueues({ database }: Transaction): QueueState[] {
  return queueStates(database);
}

export const queueWrites = { declareQueue, removeQueue, take, settle, trimMessages, findQueues };
export const queueReads = { queueStates };
