import { FullError } from '../errors.js';
import type { Database, Value } from './database.js';
import { fitting, pageBytes } from './page-size.js';
import type { MessageColumns } from './queues.js';
import type { Transaction } from './transaction.js';

export type OutboxColumns = [
  seq: number,
  target: string | null,
  id: string,
  source: string,
  received: number,
  timestamp: number | null,
  body: string,
  number: number | null,
];

export interface OutboxSize {
  /** Rows that wait for the broker. */
  readonly count: number;
  /** Size of all rows, those set aside among them. */
  readonly bytes: number;
  /** Rows that the broker can never take as they are: kept, and passed over by `takeOutbox`. */
  readonly setAside: number;
}

/** All of them or none. @throws FullError beyond the cap */
function appendOutbox(
  { database, diskSpace }: Transaction,
  args: MessageColumns & {
    readonly target: string | null;
    /** Numbers of the ledger, where the message has one. */
    readonly numbers?: readonly (number | null)[];
    readonly maxBytes: number;
  },
): OutboxSize {
  diskSpace.require();
  const values: Value[] = [];
  let bytes = 0;
  for (const [index, id] of args.ids.entries()) {
    const body = args.bodies[index]!;
    const size = Buffer.byteLength(body);
    bytes += size;
    values.push(args.target, id, args.sources[index]!, args.received[index]!, args.timestamps[index]!, size, body);
    values.push(args.numbers?.[index] ?? null);
  }
  if (outboxSize(database).bytes + bytes > args.maxBytes)
    throw new FullError(`the outbox is full (OUTBOX_MAX_MB = ${Math.round(args.maxBytes / 1024 / 1024)})`);
  database.insert('INSERT INTO outbox (target, id, source, received, timestamp, size, body, number)', 8, values);
  return change(database, args.ids.length, bytes);
}

export interface TakeOutboxArguments {
  readonly limit: number;
  /** Sequence number: only what comes after it. */
  readonly after: number;
  /** Targets whose rows are left out, and not even read. Default: none. */
  readonly except?: readonly (string | null)[];
}

/** Oldest first. The work follows the number of rows taken and of targets, never the number of rows left out. */
function takeOutbox({ database }: Transaction, { limit, after, except = [] }: TakeOutboxArguments): OutboxColumns[] {
  const sizes = targetsOf(database)
    .filter(target => !except.includes(target))
    .flatMap(target =>
      database.rows<[seq: number, size: number]>(
        'SELECT seq, size FROM outbox WHERE target IS ? AND seq > ? ORDER BY seq LIMIT CAST(? AS INTEGER)',
        target,
        after,
        limit,
      ),
    )
    .sort(([one], [other]) => one - other)
    .slice(0, limit);
  const count = fitting(
    sizes.map(([, size]) => size),
    pageBytes,
  );
  return database.rows<OutboxColumns>(
    `SELECT seq, target, id, source, received, timestamp, body, number FROM outbox
     WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq`,
    JSON.stringify(sizes.slice(0, count).map(([seq]) => seq)),
  );
}

/** Each of which has a row; one step of the index each. */
function targetsOf(database: Database): (string | null)[] {
  const named = database.rows<[string]>(
    `WITH RECURSIVE targets (target) AS (
       SELECT min(target) FROM outbox
       UNION ALL SELECT (SELECT min(target) FROM outbox WHERE target > targets.target) FROM targets WHERE target IS NOT NULL
     ) SELECT target FROM targets WHERE target IS NOT NULL`,
  );
  return [null, ...named.map(([target]) => target)];
}

/** How many rows wait for these targets. */
function countOutbox({ database }: Transaction, { targets }: { readonly targets: readonly (string | null)[] }): number {
  const counts = targets.map(target =>
    database.value<number>('SELECT count(*) FROM outbox WHERE target IS ? AND seq > 0', target),
  );
  return counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function removeOutbox({ database }: Transaction, { seqs }: { seqs: readonly number[] }): OutboxSize {
  const chosen = JSON.stringify(seqs);
  const [count, bytes] = database.row<[number, number]>(
    'SELECT count(*), coalesce(sum(size), 0) FROM outbox WHERE seq IN (SELECT value FROM json_each(?))',
    chosen,
  )!;
  database.run('DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?))', chosen);
  return change(database, -count, -bytes);
}

/**
 * Rows that are set aside have the negative of their number, so that they are out of the way and find back to their
 * place.
 */
function setAsideOutbox({ database }: Transaction, { seqs }: { seqs: readonly number[] }): OutboxSize {
  const count = database.run(
    'UPDATE outbox SET seq = -seq WHERE seq > 0 AND seq IN (SELECT value FROM json_each(?))',
    JSON.stringify(seqs),
  );
  return change(database, -count, 0);
}

/** What was set aside waits again. */
function restoreOutbox({ database }: Transaction): OutboxSize {
  return change(database, database.run('UPDATE outbox SET seq = -seq WHERE seq < 0'), 0);
}

function change(database: Database, count: number, bytes: number): OutboxSize {
  database.run("UPDATE counters SET value = value + ? WHERE name = 'outbox_count'", count);
  database.run("UPDATE counters SET value = value + ? WHERE name = 'outbox_bytes'", bytes);
  return outboxSize(database);
}

function outboxSize(database: Database): OutboxSize {
  const [count, bytes] = ['outbox_count', 'outbox_bytes'].map(name =>
    database.value<number>('SELECT value FROM counters WHERE name = ?', name),
  );
  const setAside = database.value<number>('SELECT count(*) FROM outbox WHERE seq < 0') ?? 0;
  return { count: count ?? 0, bytes: bytes ?? 0, setAside };
}

export const outboxWrites = { appendOutbox, takeOutbox, countOutbox, removeOutbox, setAsideOutbox, restoreOutbox };
export const outboxReads = { outboxSize };
