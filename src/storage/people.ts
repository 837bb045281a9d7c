import { addWaitingBytes } from './capacity.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/*
 * Where people stand in the tables: rows are found by the texts that name them, in chunks, so that neither thread
 * stands still for long; what becomes of each is decided on the main thread, which can read events.
 */

/** Tables whose rows hold events, with their number, and what else of a row may say something. */
const eventTables = {
  events: { key: 'n', received: 'received', timestamp: 'NULL', extra: "''" },
  messages: { key: 'seq', received: 'received', timestamp: 'timestamp', extra: "''" },
  outbox: { key: 'seq', received: 'received', timestamp: 'timestamp', extra: "coalesce(target, '')" },
  dead_letters: { key: 'key', received: 'first_seen', timestamp: 'timestamp', extra: 'reason' },
} as const;
export type EventTable = keyof typeof eventTables;

export interface FindArguments {
  readonly table: EventTable;
  /** Number of the last row that was looked at; undefined = from the first on. */
  readonly after: number | undefined;
  /** Undefined: every row. */
  readonly texts: readonly string[] | undefined;
  /** Rows that are looked at. */
  readonly chunk: number;
}

export type FoundRow = [
  key: number,
  id: string,
  source: string,
  received: number,
  timestamp: number | null,
  body: string,
  extra: string,
];

/** Rows that hold one of the texts, or may: JSON can write a character in several ways. */
function findPeople(database: Database, { table, after = Number.MIN_SAFE_INTEGER, texts, chunk }: FindArguments) {
  const { key, received, timestamp, extra } = eventTables[table];
  const looked = `SELECT * FROM ${table} WHERE ${key} > CAST(? AS INTEGER) ORDER BY ${key} LIMIT CAST(? AS INTEGER)`;
  const last = database.value<number | null>(`SELECT max(${key}) FROM (${looked})`, after, chunk) ?? undefined;
  if (last === undefined) return { rows: [], last };
  const [where, values] = texts === undefined ? ['1', []] : holdingAny(`(body || ' ' || ${extra})`, texts, true);
  const rows = database.rows<FoundRow>(
    `SELECT ${key}, id, source, ${received}, ${timestamp}, body, ${extra} FROM (${looked}) WHERE ${where}`,
    ...[after, chunk, ...values],
  );
  return { rows, last };
}

/** @param json a text with an escape may hold anything, and is for the caller to read */
export function holdingAny(column: string, texts: readonly string[], json: boolean): [where: string, values: Value[]] {
  const wheres = texts.map(text =>
    text.includes('@') ? `instr(lower(${column}), lower(?)) > 0` : `instr(${column}, ?) > 0`,
  );
  const escaped = json && texts.some(text => /[^\x20-\x7e]|["\\/@]/.test(text));
  if (escaped) wheres.push(`instr(${column}, '\\') > 0`, `instr(${column}, '%40') > 0`);
  return [`(${wheres.join(' OR ')})`, [...texts]];
}

export interface EraseRows {
  readonly table: EventTable;
  readonly remove: readonly (readonly [key: number, id: string])[];
  /** What takes the place of the body; `reason` of that of a dead letter. */
  readonly replace: readonly {
    readonly key: number;
    readonly id: string;
    readonly body: string;
    readonly extra: string;
  }[];
}

/** Rows that are gone meanwhile are passed over. Returns how many were removed and replaced. */
function erasePeople({ database }: Transaction, { table, remove, replace }: EraseRows) {
  const { key } = eventTables[table];
  const done = { removed: 0, replaced: 0 };
  for (const [number, id] of remove) {
    const size = sizeOf(database, table, number, id);
    if (size === undefined) continue;
    done.removed += database.run(`DELETE FROM ${table} WHERE ${key} = ?`, number);
    addSize(database, table, -size);
    if (table === 'outbox')
      database.run("UPDATE counters SET value = value - 1 WHERE name = 'outbox_count' AND ? > 0", number);
  }
  for (const { key: number, id, body, extra } of replace) {
    const size = sizeOf(database, table, number, id);
    if (size === undefined) continue;
    const grown = Buffer.byteLength(body) - bodySize(database, table, number);
    done.replaced += database.run(`UPDATE ${table} SET body = ? WHERE ${key} = ?`, body, number);
    if (table === 'events' || table === 'outbox')
      database.run(`UPDATE ${table} SET size = size + CAST(? AS INTEGER) WHERE ${key} = ?`, grown, number);
    if (table === 'dead_letters') {
      database.run('UPDATE dead_letters SET reason = ? WHERE key = ?', extra, number);
      database.run(
        "UPDATE counters SET value = value + ? WHERE name = 'dead_letter_bytes ' || (SELECT sink FROM dead_letters WHERE key = ?)",
        ...[grown, number],
      );
    }
    addSize(database, table, grown);
  }
  return done;
}

/** What the counters have of it; undefined when it is another row, or none. */
function sizeOf(database: Database, table: EventTable, number: number, id: string): number | undefined {
  const { key } = eventTables[table];
  const size = table === 'events' || table === 'outbox' ? 'size' : 'octet_length(body)';
  return database.value<number>(`SELECT ${size} FROM ${table} WHERE ${key} = ? AND id = ?`, number, id);
}

function bodySize(database: Database, table: EventTable, number: number): number {
  const { key } = eventTables[table];
  return database.value<number>(`SELECT octet_length(body) FROM ${table} WHERE ${key} = ?`, number) ?? 0;
}

function addSize(database: Database, table: EventTable, bytes: number): void {
  if (table === 'messages') addWaitingBytes(database, bytes);
  // Triggers count those of dead letters.
  else if (table !== 'dead_letters')
    database.run(
      'UPDATE counters SET value = value + ? WHERE name = ?',
      bytes,
      table === 'events' ? 'event_bytes' : 'outbox_bytes',
    );
}

/** Keys of usage are 52 bits. */
const keys = 2 ** 52;

export interface Rekey {
  /**
   * The key of a person, one that nobody can make, and how far the sessions move, which is kept nowhere so that nobody
   * can undo it.
   */
  readonly users: readonly (readonly [from: number, to: number, step: number])[];
}

/**
 * A person's accesses go on counting, as those of one person, under a key that leads to nobody. The sessions all move
 * by one step, so that they stay as many.
 */
function rekeyUsage({ database }: Transaction, { users }: Rekey): number {
  let rows = 0;
  for (const [from, to, step] of users)
    rows += database.run(
      `UPDATE usage_accesses SET user = CAST(? AS INTEGER), session = (session + CAST(? AS INTEGER)) % ${keys}
       WHERE user = CAST(? AS INTEGER)`,
      ...[to, step, from],
    );
  return rows;
}

function countUsageOf(database: Database, { users }: { readonly users: readonly number[] }): number {
  const each = 'SELECT CAST(value AS INTEGER) FROM json_each(?)';
  return (
    database.value<number>(`SELECT count(*) FROM usage_accesses WHERE user IN (${each})`, JSON.stringify(users)) ?? 0
  );
}

/** What is known of datasets whose people are among these, or everything. */
function findUsageItems(database: Database, { texts }: { readonly texts: readonly string[] | undefined }) {
  const [where, values] = texts === undefined ? ['1', []] : holdingAny('facts', texts, true);
  return database.rows<[item: string, facts: string]>(`SELECT item, facts FROM usage_items WHERE ${where}`, ...values);
}

function putUsageItems(
  { database }: Transaction,
  { items }: { readonly items: readonly (readonly [item: string, facts: string])[] },
) {
  for (const [item, facts] of items) database.run('UPDATE usage_items SET facts = ? WHERE item = ?', facts, item);
}

export const peopleWrites = { erasePeople, rekeyUsage, putUsageItems };
export const peopleReads = { findPeople, countUsageOf, findUsageItems };
