import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventColumns } from '../src/storage/events.js';
import { openForWriting } from '../src/storage/opening.js';
import { sampleBody } from './measure/events.js';
import { figure, machine } from './measure/report.js';

/**
 * What a row costs in the file, 1,000 a transaction, by table: a message of the queue, an event of the local store, and
 * an event whose id comes in ascending order instead of as a hash. The difference of the last two is what it takes to
 * know every id again.
 *
 *   node dist/bench/store.js
 */
const transactions = 300;
const inTransaction = 1_000;

type Row = (number: number, id: string) => (string | number | null)[];

const message: Row = (number, id) => [null, id, 'http', 1_700_000_000_000 + number, null, sampleBody(number)];
const event: Row = (number, id) => {
  const created = 1_700_000_000_000 + number;
  return [id, created, 'download', 'file', 'http', created, 400, sampleBody(number)];
};
const messages = 'INSERT INTO messages (target, id, source, received, timestamp, body)';
const events = 'INSERT OR IGNORE INTO events (id, created, category, type, source, received, size, body)';
const hashed = (number: number): string => hash('sha256', String(number), 'hex').slice(0, 32);
const ascending = (number: number): string => String(number).padStart(32, '0');

/** µs of CPU a row. */
function measure(into: string, width: number, row: Row, idOf: (number: number) => string): number {
  const dir = mkdtempSync(join(tmpdir(), 'event-sink-bench-'));
  const { database } = openForWriting(dir, 0);
  let spent = 0;
  for (let from = 0; from < transactions * inTransaction; from += inTransaction) {
    const numbers = Array.from({ length: inTransaction }, (_, index) => from + index);
    const values = numbers.flatMap(number => row(number, idOf(number)));
    const before = process.cpuUsage();
    database.transaction('BEGIN IMMEDIATE', () => database.insert(into, width, values));
    const { user, system } = process.cpuUsage(before);
    spent += user + system;
  }
  database.close();
  rmSync(dir, { recursive: true });
  return spent / (transactions * inTransaction);
}

console.log(machine);
for (let round = 0; round < 3; round += 1) {
  console.log(`message: ${figure(measure(messages, 6, message, hashed))} µs of CPU`);
  console.log(`event, id a hash: ${figure(measure(events, eventColumns, event, hashed))} µs`);
  console.log(`event, ids ascending: ${figure(measure(events, eventColumns, event, ascending))} µs`);
}
