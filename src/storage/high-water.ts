import { join } from 'node:path';
import type { Database } from './database.js';
import { countColumns, countNames, totalHour } from './ledger-delta.js';
import { readOwnFile, writeOwnFile } from './own-files.js';
import type { Transaction } from './transaction.js';

/**
 * SQLite cannot know when the end of its write-ahead log was cut off: the file is whole, only older. So how far the
 * numbered tables had come is kept beside it too, written once a second without fsync. At a start, what the database
 * lacks of it was accepted and is gone: at least so much, since the last second is not in it.
 */
export type HighWater = Readonly<Record<(typeof numberedTables)[number], number>>;

/** Their numbers only rise (AUTOINCREMENT), whatever is deleted. */
const numberedTables = ['messages', 'outbox', 'dead_letters'] as const;

export function highWaterFile(dir: string): string {
  return join(dir, 'high-water');
}

export function readHighWater(database: Database): HighWater {
  const found = new Map(database.rows<[string, number]>('SELECT name, seq FROM sqlite_sequence'));
  const [messages = 0, outbox = 0, dead_letters = 0] = numberedTables.map(table => found.get(table));
  return { messages, outbox, dead_letters };
}

export function writeHighWater(dir: string, mark: HighWater): void {
  writeOwnFile(highWaterFile(dir), `${JSON.stringify(mark)}\n`);
}

/** Empty when there is none, or it cannot be read: a power cut may leave it empty. */
export function storedHighWater(dir: string): Partial<HighWater> {
  try {
    const stored: unknown = JSON.parse(readOwnFile(highWaterFile(dir)));
    return typeof stored === 'object' && stored !== null ? stored : {};
  } catch {
    return {};
  }
}

/**
 * Rows that were written and are not in the database any more, by table; empty when nothing is missing. Their numbers
 * are not used again, and messages count in the ledger as accepted and lost.
 */
export function countLoss(database: Database, dir: string): Record<string, number> {
  const stored = storedHighWater(dir);
  const present = readHighWater(database);
  const lost = numberedTables.flatMap(table => {
    const count = Number(stored[table] ?? 0) - present[table];
    return count > 0 ? [[table, count] as const] : [];
  });
  if (lost.length === 0) return {};
  database.transaction('BEGIN IMMEDIATE', () => {
    for (const [table, count] of lost) raiseNumber(database, table, present[table] + count);
    const messages = lost.find(([table]) => table === 'messages')?.[1] ?? 0;
    for (const sink of sinksOf(database)) {
      addAccepted(database, sink, messages);
      addLost(database, sink, messages);
    }
  });
  return Object.fromEntries(lost);
}

function raiseNumber(database: Database, table: string, number: number): void {
  const changed = database.run('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?', number, table);
  if (changed === 0) database.run('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', table, number);
}

function sinksOf(database: Database): string[] {
  const sinks = 'SELECT sink FROM queues UNION SELECT sink FROM ledger WHERE hour = ?';
  return database.rows<[string]>(sinks, totalHour).map(([sink]) => sink);
}

const zeros = ', 0'.repeat(countNames.length - 1);

export function addAccepted(database: Database, sink: string, count: number): void {
  database.run(
    `INSERT INTO ledger (sink, hour, ${countColumns}) VALUES (?, ?, ?${zeros})
     ON CONFLICT (sink, hour) DO UPDATE SET accepted = accepted + excluded.accepted`,
    ...[sink, totalHour, count],
  );
}

/** Accepted for this sink, and gone with what was lost of the database. */
export function addLost(database: Database, sink: string, count: number): void {
  if (count <= 0) return;
  database.run(
    'INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
    `lost ${sink}`,
    count,
  );
}

export function lostOf(database: Database, sink: string): number {
  return database.value<number>('SELECT value FROM counters WHERE name = ?', `lost ${sink}`) ?? 0;
}

function highWater({ database }: Transaction): HighWater {
  return readHighWater(database);
}

export const highWaterWrites = { highWater };
