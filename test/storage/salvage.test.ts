// timeout: 120 s
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { columns, inFolder, openStorage } from './scratch.js';

const tables = [
  'messages',
  'settled',
  'queues',
  'ledger',
  'dead_letters',
  'events',
  'outbox',
  'memories',
  'checkpoints',
  'counters',
  'given_ids',
];
const filler = 'x'.repeat(300);

/** A little of everything, enough for several pages of each larger table. */
async function fill(dir: string): Promise<void> {
  const storage = await openStorage(dir);
  const { number: queue } = await storage.write('declareQueue', { name: 'event-sink.a', sink: 'a' });
  await storage.write('publish', columns(0, 400, filler));
  const { rows } = await storage.write('take', { queue, after: 0, count: 150, bytes: 1e9, atLeastOne: true });
  const seqs = rows.map(([seq]) => seq);
  const dead = seqs.slice(0, 100).map(seq => ({ seq, reason: filler, fault: 'poison', attempts: 1 }));
  await storage.write('settle', { queue, seqs: seqs.slice(0, 100), dead });
  await storage.write('settle', { queue, seqs: seqs.slice(120) });
  const values = Array.from({ length: 400 }, (_, n) => [`e-${n}`, n, 'upload', null, 'http', n, 400, filler]).flat();
  await storage.write('insertEvents', { values });
  await storage.write('appendOutbox', { ...columns(0, 200, filler), target: null, maxBytes: 1e9 });
  await storage.keyValues('a').put(
    Array.from({ length: 300 }, (_, n) => [`k-${n}`, filler] as const),
    1e9,
  );
  for (let n = 0; n < 5; n += 1) await storage.checkpoints.put(`c-${n}`, n);
  await storage.close();
}

function countsIn(dir: string): Record<string, number> {
  const database = new Database(databaseFile(dir));
  try {
    return Object.fromEntries(tables.map(name => [name, database.value<number>(`SELECT count(*) FROM ${name}`) ?? 0]));
  } finally {
    database.close();
  }
}

/** Overwrites one page that holds rows of the table: the second, where there are several. */
function damage(dir: string, table: string): void {
  const database = new Database(databaseFile(dir));
  database.rows('PRAGMA wal_checkpoint(TRUNCATE)');
  const size = database.value<number>('PRAGMA page_size') ?? 0;
  const leaves = database.rows<[number]>(
    "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path",
    table,
  );
  database.close();
  const [page] = leaves[Math.min(1, leaves.length - 1)]!;
  const file = openSync(databaseFile(dir), 'r+');
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
  closeSync(file);
}

/** Looks at every row, as what uses the storage would sooner or later. */
async function touch(dir: string): Promise<void> {
  const failed: Error[] = [];
  const storage = await openStorage(dir, { onFatal: error => failed.push(error) }).catch(() => undefined);
  if (storage === undefined) return openStorage(dir).then(opened => opened.close());
  const { number: queue } = await storage
    .write('declareQueue', { name: 'event-sink.a', sink: 'a' })
    .catch(() => ({ number: 1 }));
  const everything: (() => Promise<unknown>)[] = [
    () => storage.read('ledgerReport', { now: 1 }),
    () => storage.write('take', { queue, after: 0, count: 1000, bytes: 1e9, atLeastOne: true }),
    () => storage.read('listDeadLetters', { sink: undefined, limit: 1000, after: 0 }),
    () => storage.read('queryEvents', { limit: 1000, order: 'received' }),
    () => storage.write('takeOutbox', { limit: 1000, after: 0 }),
    () => storage.keyValues('a').get(Array.from({ length: 300 }, (_, n) => `k-${n}`)),
    () => storage.checkpoints.get('c-1'),
    () => storage.write('checkCapacity', { prove: false }),
    () => storage.write('trimGivenIds', { limit: 1000 }),
  ];
  for (const read of everything) await read().catch(() => undefined);
  await storage.close();
}

for (const table of tables.filter(name => name !== 'given_ids')) {
  test(`a damaged page of ${table}: what is on other pages is there, and the report names the rest`, () =>
    inFolder(async dir => {
      await fill(dir);
      const before = countsIn(dir);
      damage(dir, table);
      await touch(dir);
      const storage = await openStorage(dir);
      const report = await storage.ledger();
      assert.equal(
        report.sinks.filter(({ difference }) => difference !== 0),
        [],
        'the ledger counts what is lost as missing',
      );
      const lost = storage.lost();
      const problems = storage.problems().map(({ what }) => what);
      await storage.write('declareQueue', { name: 'event-sink.a', sink: 'a' });
      await storage.write('publish', columns(1_000, 1));
      await storage.close();
      assert.equal(Object.keys(lost), [table]);
      assert.match(problems.join(), /^The database in DATA_DIR was damaged, .+ Lost: [\d,]+ /);
      const after = countsIn(dir);
      for (const name of tables) {
        if (name === table || ['messages', 'counters', 'checkpoints', 'ledger', 'queues'].includes(name)) continue;
        assert.is(after[name], before[name], name);
      }
      const fewer = before[table]! - after[table]!;
      assert.ok(fewer <= 60, `${fewer} rows of ${table} are gone`);
      const aside = readdirSync(dir).find(name => /\.damaged-.*\.json$/.test(name)) ?? '';
      const written = JSON.parse(readFileSync(join(dir, aside), 'utf8'));
      assert.is(written.tables[table].lost, lost[table]);
      assert.ok(statSync(join(dir, aside.replace(/\.json$/, ''))).size > 0);
    }));
}

test.run();
