import { closeSync, openSync, writeSync } from 'node:fs';
import { Database } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { columns, openStorage } from './scratch.js';

/** Most rows of a test are this long, so that a page holds a dozen. */
export const filler = 'x'.repeat(300);

export interface Filling {
  /** Whose queue it is: a name that the daemon of the test has. */
  readonly sink: string;
  /** The time that its rows have, epoch ms. */
  readonly now: number;
}

/** A little of everything, enough for several pages of each table that grows. */
export async function fill(dir: string, { sink, now }: Filling): Promise<void> {
  const storage = await openStorage(dir);
  const { number: queue } = await storage.write('declareQueue', { name: `event-sink.${sink}`, sink });
  await storage.write('publish', { ...columns(0, 400, filler), received: Array.from({ length: 400 }, () => now) });
  const { rows } = await storage.write('take', { queue, after: 0, count: 150, bytes: 1e9, atLeastOne: true });
  const seqs = rows.map(([seq]) => seq);
  const dead = seqs.slice(0, 100).map(seq => ({ seq, reason: filler, fault: 'poison', attempts: 1 }));
  await storage.write('settle', { queue, seqs: seqs.slice(0, 100), dead });
  await storage.write('settle', { queue, seqs: seqs.slice(120) });
  const event = (n: number) => [`e-${n}`, now - n, 'upload', null, 'http', now, 400, JSON.stringify({ text: filler })];
  await storage.write('insertEvents', { values: Array.from({ length: 400 }, (_, n) => event(n)).flat() });
  await storage.write('appendOutbox', { ...columns(0, 200, filler), target: null, maxBytes: 1e9 });
  await storage.keyValues('a').put(
    Array.from({ length: 300 }, (_, n) => [`k-${n}`, filler] as const),
    1e9,
  );
  for (let n = 0; n < 5; n += 1) await storage.checkpoints.put(`c-${n}`, n);
  await storage.close();
  fillOthers(dir, { sink, now });
}

/** What only time, or RabbitMQ, would fill. */
function fillOthers(dir: string, { sink, now }: Filling): void {
  const database = new Database(databaseFile(dir));
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300)`;
  const hash = "printf('%064d', n)";
  try {
    for (const insert of [
      `INSERT INTO given_ids (id, hash, at) ${numbers} SELECT 'given-' || n, ${hash}, ${now} FROM numbers`,
      `INSERT INTO unnamed_messages (queue, hash, id, at) ${numbers} SELECT 'event-sink.${sink}', ${hash}, 'unnamed-' || n, ${now} FROM numbers`,
      `INSERT INTO message_numbers ${numbers} SELECT 'event-sink.' || n || '${filler}', n FROM numbers`,
      `INSERT INTO queue_ledgers ${numbers} SELECT 'sink-' || n, json_object('filler', '${filler}') FROM numbers`,
      `INSERT INTO queue_ledger_hours ${numbers} SELECT '${filler}-' || n, 1, 0, 0, 0, 0, 0, 0, 0 FROM numbers`,
      `INSERT INTO settled_messages ${numbers} SELECT 'sink-' || n, n, json_array('${filler}') FROM numbers`,
      `INSERT INTO usage_accesses (day, id, time, source, item, machine, request, user, by_address, session, url, bytes)
         ${numbers} SELECT 20260315, '${filler}-' || n, n, 'nginx', '', 0, 0, 1, 0, 1, n, 0 FROM numbers`,
      `INSERT INTO usage_counts ${numbers} SELECT 20260300, '${filler}-' || n, 0, '', 1, 0, 1, 0, 0, 0, 1, 0 FROM numbers`,
      `INSERT INTO usage_items ${numbers} SELECT 'item-' || n, 0, json_object('title', '${filler}') FROM numbers`,
      `INSERT INTO usage_late ${numbers} SELECT 202602, '${filler}-' || n, ${now} FROM numbers`,
      `INSERT INTO usage_days ${numbers} SELECT 20260300 + n, 1, 1, 'nginx' FROM numbers WHERE n <= 31`,
      `INSERT INTO usage_months ${numbers} SELECT 202600 + n, ${now}, NULL, 'nginx' FROM numbers WHERE n <= 12`,
      `INSERT INTO usage_reopened ${numbers} SELECT 202600 + n, ${now} FROM numbers WHERE n <= 12`,
      `INSERT INTO availability_spans ${numbers} SELECT 'clowder', 'observed', n, n + 1, 'up', '${filler}' FROM numbers`,
      `INSERT INTO availability_corrections ${numbers}
         SELECT '${filler}-' || n, 'clowder', n, n + 1, 'up', NULL, NULL, n, NULL FROM numbers`,
      `INSERT INTO availability_times ${numbers} SELECT '${filler}', 20260000 + n, '[[1,2]]' FROM numbers`,
      `INSERT INTO traffic_windows ${numbers} SELECT '${filler}', n * 60000, 60, 1, 1, 0, 0 FROM numbers`,
      `INSERT INTO traffic_logs ${numbers} SELECT '${filler}-' || n, 0, 1, 60 FROM numbers`,
      `INSERT INTO usage_announced ${numbers} SELECT 20260300, '${filler}-' || n, 0, 1, 0, 1, 0, 0, 0 FROM numbers`,
      // The month was closed once, and was opened again: it is looked at, and nothing has changed.
      `INSERT INTO usage_announced_periods ${numbers} SELECT 20260299 + n, 1 FROM numbers WHERE n <= 32`,
      `INSERT INTO usage_announcements ${numbers}
         SELECT n, 20260300, '${filler}-' || n, 0, 1, 0, 1, 0, 0, 0, NULL, NULL FROM numbers`,
      `INSERT INTO usage_audits ${numbers} SELECT 20260000 + n, 1, json_object('filler', '${filler}') FROM numbers`,
      `INSERT INTO usage_gaps ${numbers} SELECT n, '${filler}', '', 1, 1 FROM numbers`,
      `INSERT INTO erased_people ${numbers} SELECT ${hash} || n, ${now}, '${filler}' FROM numbers`,
      `INSERT INTO erasures ${numbers} SELECT 'erasure-' || n, ${now}, NULL, json_object('filler', '${filler}') FROM numbers`,
      `INSERT INTO usage_left_out ${numbers} SELECT 20260200 + n, 'robot', 1 FROM numbers WHERE n <= 28`,
    ])
      database.exec(insert);
  } finally {
    database.close();
  }
}

/** Every table of the newest schema: one that is added is damaged too. */
export function tablesIn(dir: string): string[] {
  return reading(dir, database =>
    database
      .rows<[string]>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
      .map(([name]) => name),
  );
}

export function countsIn(dir: string): Record<string, number> {
  const tables = tablesIn(dir);
  return reading(dir, database =>
    Object.fromEntries(tables.map(name => [name, database.value<number>(`SELECT count(*) FROM ${name}`) ?? 0])),
  );
}

/** Overwrites one page that holds rows of the table: the second, where there are several. */
export function damage(dir: string, table: string): void {
  const [size, page] = reading(dir, database => {
    database.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    const leaves = database.rows<[number]>(
      "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path",
      table,
    );
    return [database.value<number>('PRAGMA page_size') ?? 0, leaves[Math.min(1, leaves.length - 1)]![0]] as const;
  });
  const file = openSync(databaseFile(dir), 'r+');
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
  closeSync(file);
}

function reading<T>(dir: string, read: (database: Database) => T): T {
  const database = new Database(databaseFile(dir));
  try {
    return read(database);
  } finally {
    database.close();
  }
}
