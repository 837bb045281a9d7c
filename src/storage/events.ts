import type { Source } from '../events/message.js';
import { isFromOutside, isSameEvent } from '../events/same-event.js';
import type { Database, Value } from './database.js';
import { fitting, pageBytes } from './page-size.js';
import type { EventOrder } from './queries.js';
import type { Transaction } from './transaction.js';

export const eventColumns = 8;
const sizeColumn = 6;

/** `id, created, category, type, source, received, size, body` of each event, one event after the other. */
export interface InsertEventsArguments {
  readonly values: readonly Value[];
}

export interface Inserted {
  /** Positions of events whose id was there. */
  readonly present: readonly number[];
  /** Those of them, from outside, that say something else than the event that is there. */
  readonly conflicts: readonly number[];
}

/** Inserts those that are not there yet. */
export function insertEvents({ database }: Pick<Transaction, 'database'>, { values }: InsertEventsArguments): Inserted {
  const count = values.length / eventColumns;
  const inserted = database.insert(
    'INSERT OR IGNORE INTO events (id, created, category, type, source, received, size, body)',
    eventColumns,
    values,
  );
  if (inserted === count) {
    addBytes(database, sizes(values));
    return { present: [], conflicts: [] };
  }
  // Each new event has the number behind the last one.
  const before = (database.value<number | null>('SELECT max(n) FROM events') ?? 0) - inserted;
  addBytes(database, database.value<number | null>('SELECT sum(size) FROM events WHERE n > ?', before) ?? 0);
  const present = alreadyThere(database, values, before);
  return { present, conflicts: conflictsAmong(database, values, present) };
}

function sizes(values: readonly Value[]): number {
  let sum = 0;
  for (let at = sizeColumn; at < values.length; at += eventColumns) sum += values[at] as number;
  return sum;
}

function alreadyThere(database: Database, values: readonly Value[], before: number): number[] {
  const fresh = new Set(database.rows<[string]>('SELECT id FROM events WHERE n > ?', before).map(([id]) => id));
  const positions: number[] = [];
  for (let position = 0; position * eventColumns < values.length; position += 1) {
    // Deleted here, so that the second event with the same id in one batch counts as present.
    if (!fresh.delete(values[position * eventColumns] as string)) positions.push(position);
  }
  return positions;
}

function conflictsAmong(database: Database, values: readonly Value[], positions: readonly number[]): number[] {
  return positions.filter(position => {
    const [id, , , , source, , , body] = values.slice(position * eventColumns, (position + 1) * eventColumns);
    if (!isFromOutside(source as Source)) return false;
    const there = database.value<string>('SELECT body FROM events WHERE id = ?', id as string);
    return there !== undefined && !isSameEvent(there, body as string);
  });
}

export interface TrimEventsArguments {
  /** Epoch ms: received before this is too old. */
  readonly receivedBefore: number;
  readonly maxBytes: number;
  readonly limit: number;
}

/** A time of receipt that is further ahead of the clock, ms, comes from a clock that was wrong. */
const maxAheadMs = 3_600_000;

/**
 * Deletes the events that were stored first, while they are too old or the whole is too large; a chunk at a time.
 * Age is that of receipt, so that a replayed history is not thrown away as it arrives. One whose receipt is in the
 * future is as old as the one behind it, so that a clock that was once wrong keeps nothing for ever. Returns how many
 * it deleted.
 */
function trimEvents(
  { database, believed }: Transaction,
  { receivedBefore, maxBytes, limit }: TrimEventsArguments,
): number {
  const latest = believed + maxAheadMs;
  let left = eventBytes(database);
  let seen = { last: 0, count: 0, freed: 0 };
  let old = seen;
  const oldest = database.rows<[number, number, number]>(
    'SELECT n, received, size FROM events ORDER BY n LIMIT CAST(? AS INTEGER)',
    limit,
  );
  for (const [n, received, size] of oldest) {
    const tooLarge = left > maxBytes;
    if (!tooLarge && received >= receivedBefore && received <= latest) break;
    left -= size;
    seen = { last: n, count: seen.count + 1, freed: seen.freed + size };
    if (tooLarge || received < receivedBefore) old = seen;
  }
  if (seen.count === limit && seen !== old && isOldBehind(database, seen.last, receivedBefore, latest)) old = seen;
  if (old.count === 0) return 0;
  database.run('DELETE FROM events WHERE n <= ?', old.last);
  addBytes(database, -old.freed);
  return old.count;
}

/** Whether the first event behind it whose time of receipt can be believed is too old. */
function isOldBehind(database: Database, n: number, receivedBefore: number, latest: number): boolean {
  const sql = 'SELECT received FROM events WHERE n > ? AND received <= ? ORDER BY n LIMIT 1';
  const received = database.value<number>(sql, n, latest);
  return received !== undefined && received < receivedBefore;
}

function addBytes(database: Database, bytes: number): void {
  database.run("UPDATE counters SET value = value + ? WHERE name = 'event_bytes'", bytes);
}

function eventBytes(database: Database): number {
  return database.value<number>("SELECT value FROM counters WHERE name = 'event_bytes'") ?? 0;
}

export type EventRow = [
  n: number,
  id: string,
  created: number,
  category: string,
  type: string | null,
  source: Source,
  received: number,
  body: string,
];

export interface EventFilter {
  readonly category?: string;
  readonly type?: string;
  readonly from?: number;
  readonly to?: number;
}

export interface QueryEventsArguments extends EventFilter {
  readonly limit: number;
  readonly maxBytes?: number;
  readonly order: EventOrder;
  /** The event with which the previous page ended. */
  readonly after?: PageEnd;
}

interface PageEnd {
  readonly created: number;
  readonly n: number;
}

interface Order {
  readonly by: string;
  readonly after: { readonly sql: string; readonly values: (end: PageEnd) => Value[] };
}

/** Newest first. What is inserted while pages are read never moves an event from one page to another. */
const orders: Readonly<Record<EventOrder, Order>> = {
  received: { by: 'n DESC', after: { sql: 'AND n < ?', values: ({ n }) => [n] } },
  created: {
    by: 'created DESC, n DESC',
    after: { sql: 'AND (created, n) < (?, ?)', values: ({ created, n }) => [created, n] },
  },
};

export function conditions(filter: EventFilter): { where: string; values: Value[] } {
  const parts: [string, Value | undefined][] = [
    ['category = ?', filter.category],
    ['type = ?', filter.type],
    ['created >= ?', filter.from],
    ['created < ?', filter.to],
  ];
  const given = parts.filter(([, value]) => value !== undefined);
  return {
    where: given.map(([sql]) => sql).join(' AND ') || 'true',
    values: given.map(([, value]) => value as Value),
  };
}

function queryEvents(database: Database, query: QueryEventsArguments): { rows: EventRow[]; more: boolean } {
  const { where, values } = conditions(query);
  const { by, after } = orders[query.order];
  const page = query.after === undefined ? '' : after.sql;
  if (query.after !== undefined) values.push(...after.values(query.after));
  const found = database.rows<[number, number]>(
    `SELECT n, size FROM events WHERE ${where} ${page} ORDER BY ${by} LIMIT CAST(? AS INTEGER)`,
    ...values,
    query.limit + 1,
  );
  const count = fitting(
    found.slice(0, query.limit).map(([, size]) => size),
    query.maxBytes ?? pageBytes,
  );
  const rows = database.rows<EventRow>(
    `SELECT n, id, created, category, type, source, received, body FROM events
     WHERE n IN (SELECT value FROM json_each(?)) ORDER BY ${by}`,
    JSON.stringify(found.slice(0, count).map(([n]) => n)),
  );
  return { rows, more: count < found.length };
}

export const eventWrites = { insertEvents, trimEvents };
export const eventReads = { queryEvents, eventBytes };
