import { existsSync } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { Database } from '../../src/storage/database.js';
import { migrate } from '../../src/storage/migrate.js';
import { until } from '../helpers/wait.js';
import { columns, inFolder, manualClock, openStorage, withStorage } from './scratch.js';

const dayMs = 86_400_000;

function thrownBy(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => assert.unreachable('it should have thrown'),
    error => error,
  );
}

test('a second one on the same folder is refused in one line, and may have it afterwards', () =>
  inFolder(async dir => {
    const first = await openStorage(dir);
    const error = await thrownBy(openStorage(dir));
    assert.is(error.name, 'SetupError');
    assert.match(error.message, dir);
    assert.not.match(error.message, '\n');
    await first.write('putCheckpoint', { key: 'k', value: '1' });
    await first.close();
    const second = await openStorage(dir);
    assert.is(await second.checkpoints.get('k'), 1);
    await second.close();
  }));

test('a folder that cannot be used is a setup error', () =>
  inFolder(async dir => {
    await writeFile(join(dir, 'file'), '');
    const error = await thrownBy(openStorage(join(dir, 'file')));
    assert.is(error.name, 'SetupError');
    assert.match(error.message, 'DATA_DIR');
  }));

test('a folder of its own is made, for its owner alone', () =>
  inFolder(async dir => {
    const storage = await openStorage(join(dir, 'deep', 'data'));
    await storage.close();
    const { statSync } = await import('node:fs');
    assert.is(statSync(join(dir, 'deep', 'data')).mode & 0o777, 0o700);
  }));

for (const [what, spoil] of [
  ['garbage', (file: string) => writeFile(file, 'this is no database, '.repeat(1000))],
  [
    'a broken schema',
    async (file: string) => {
      const database = new Database(file);
      database.exec('CREATE TABLE t(x)');
      database.exec("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE nonsense('");
      database.close();
    },
  ],
] as const) {
  test(`a file of ${what} is kept aside with a loud line, and a fresh one made`, () =>
    inFolder(async dir => {
      await spoil(join(dir, 'event-sink.db'));
      await writeFile(join(dir, 'event-sink.db-wal'), 'x');
      const lines: string[] = [];
      const note = (_: object, line: string) => lines.push(line);
      const log = { trace: note, debug: note, info: note, warn: note, error: note, fatal: note, child: () => log };
      const storage = await openStorage(dir, { log });
      await storage.write('putCheckpoint', { key: 'k', value: '1' });
      await storage.close();
      assert.match(lines.join(), 'storage.salvaged');
      const aside = (await readdir(dir)).filter(name => name.includes('.damaged-'));
      assert.ok(aside.length >= 1, String(aside));
    }));
}

test('a file found corrupt at run time ends the storage, and is salvaged at the next start', () =>
  inFolder(async dir => {
    const fatal: Error[] = [];
    const first = await openStorage(dir);
    await first.write('declareQueue', { sink: 'a', name: 'a' });
    for (let at = 0; at < 20_000; at += 1000) await first.write('publish', columns(at, 1000));
    await first.close();
    const file = join(dir, 'event-sink.db');
    const { openSync, writeSync, closeSync, statSync } = await import('node:fs');
    const descriptor = openSync(file, 'r+');
    // The first pages hold the schema: it opens. The messages are behind them.
    for (let at = 60 * 4096; at < statSync(file).size; at += 4096)
      writeSync(descriptor, Buffer.alloc(4096, 0xee), 0, 4096, at);
    closeSync(descriptor);
    const second = await openStorage(dir, { onFatal: error => fatal.push(error) });
    const take = { queue: 1, after: 0, count: 100_000, bytes: 1e9, atLeastOne: true };
    const error = await thrownBy(second.write('take', take));
    assert.is(error.name, 'CorruptError');
    assert.is(fatal.length, 1);
    assert.is((await thrownBy(second.write('trimLedger', { now: 0 }))).name, 'CorruptError');
    await second.close();
    const third = await openStorage(dir);
    const [queue] = await third.read('queueStates');
    assert.ok((queue?.pending ?? 0) > 100 && (queue?.pending ?? 0) < 20_000, `${queue?.pending} pending`);
    assert.is((third.lost().messages ?? 0) + (queue?.pending ?? 0), 20_000);
    await third.close();
    assert.is((await readdir(dir)).filter(name => name.endsWith('.is-corrupt')).length, 0);
  }));

test('data of a newer release is refused and left alone', () =>
  inFolder(async dir => {
    const file = join(dir, 'event-sink.db');
    const database = new Database(file);
    database.exec('PRAGMA user_version = 9999');
    database.close();
    const error = await thrownBy(openStorage(dir));
    assert.is(error.name, 'SetupError');
    assert.match(error.message, '9999');
    assert.ok(existsSync(file));
    assert.is((await thrownBy(openStorage(dir))).message, error.message, 'the folder is free again');
  }));

test('migrations go forward from any version, each whole', () => {
  const steps = [
    'CREATE TABLE a(x)',
    'CREATE TABLE b(x); INSERT INTO b VALUES (1)',
    'CREATE TABLE c(x); INSERT INTO b VALUES (2)',
  ];
  for (let version = 0; version <= steps.length; version += 1) {
    const database = new Database(':memory:');
    migrate(database, steps.slice(0, version));
    assert.throws(() => migrate(database, [...steps, 'CREATE TABLE d(x); nonsense']));
    assert.is(database.value<number>('PRAGMA user_version'), 3);
    assert.is(database.value<number>("SELECT count(*) FROM sqlite_schema WHERE name = 'd'"), 0);
    migrate(database, [...steps, 'CREATE TABLE d(x)']);
    migrate(database, [...steps, 'CREATE TABLE d(x)']);
    assert.is(database.value<number>('SELECT sum(x) FROM b'), 3);
    database.close();
  }
});

test('closing waits for what was begun, and refuses what comes later', () =>
  inFolder(async dir => {
    const storage = await openStorage(dir);
    const writes = Array.from({ length: 500 }, (_, index) =>
      storage.write('putCheckpoint', { key: `k${index}`, value: '1' }),
    );
    const read = storage.read('queueStates');
    await storage.close();
    await Promise.all([...writes, read]);
    assert.match((await thrownBy(storage.write('trimLedger', { now: 0 }))).message, 'closed');
    assert.match((await thrownBy(storage.read('queueStates'))).message, 'closed');
    await storage.close();
    const again = await openStorage(dir);
    assert.is(await again.checkpoints.get('k499'), 1);
    await again.close();
  }));

test('checkpoints keep JSON values', () =>
  withStorage(async storage => {
    assert.is(await storage.checkpoints.get('none'), undefined);
    await storage.checkpoints.put('log', { offset: 12, lines: ['ü'] });
    await storage.checkpoints.put('log', { offset: 13, lines: [] });
    assert.equal(await storage.checkpoints.get('log'), { offset: 13, lines: [] });
  }));

test('a query sees what was written before it', () =>
  withStorage(async storage => {
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    for (let round = 1; round <= 20; round += 1) {
      await storage.write('publish', columns(round, 1));
      assert.is((await storage.read('queueStates'))[0]!.pending, round);
    }
  }));

test('a query that fails hurts nobody else', () =>
  withStorage(async storage => {
    const error = await thrownBy(storage.read('series', null as never));
    assert.instance(error, Error);
    assert.equal(await storage.read('queueStates'), []);
  }));

test('maintenance lets go of what is old, and gives the space back', async () => {
  const clock = manualClock(1_700_000_000_000);
  await withStorage(
    async (storage, dir) => {
      const { statSync } = await import('node:fs');
      const received = clock.now();
      const event = { created: 0, category: 'x', type: undefined, source: 'http', received } as const;
      for (let round = 0; round < 8; round += 1) {
        await storage.events.insert(
          Array.from({ length: 500 }, (_, index) => ({
            ...event,
            id: `${round}-${index}`,
            fields: { text: 'x'.repeat(4000) },
          })),
        );
      }
      await storage.keyValues('m').put([['k', 'v']], dayMs);
      clock.time += 40 * dayMs;
      await storage.events.insert([{ ...event, id: 'young', received: clock.now(), fields: {} }]);
      storage.startMaintenance({ days: 30, maxBytes: 1e9, everyMs: 5 });
      const size = () => statSync(join(dir, 'event-sink.db')).size + statSync(join(dir, 'event-sink.db-wal')).size;
      await until(() => size() < 6_000_000, 'the file to shrink');
      assert.equal(
        (await storage.events.query({ limit: 10 })).events.map(({ id }) => id),
        ['young'],
      );
    },
    { clock },
  );
});

test('a clock that is 40 days ahead for a while deletes nothing; what is deleted later is in the log', async () => {
  const clock = manualClock(1_700_000_000_000, { jumps: true });
  const lines: { msg: string; count?: number }[] = [];
  const note = (fields: object, msg: string): void => void lines.push({ ...fields, msg });
  const log = { trace: note, debug: note, info: note, warn: note, error: note, fatal: note, child: () => log };
  const rounds = () => lines.filter(({ msg }) => msg === 'clock.jumped').length;
  await withStorage(
    async storage => {
      const event = { created: 0, category: 'x', type: undefined, source: 'http', fields: {} } as const;
      await storage.events.insert([{ ...event, id: 'a', received: clock.now() }]);
      await storage.keyValues('m').put([['k', 'v']], dayMs);
      storage.startMaintenance({ days: 30, maxBytes: 1e9, everyMs: 200 });
      clock.time += 40 * dayMs;
      await until(() => rounds() > 0, 'a round to see the jump');
      assert.is((await storage.keyValues('m').get(['k'])).size, 1);
      clock.time -= 40 * dayMs;
      await systemClock.sleep(1_000);
      assert.is((await storage.events.query({ limit: 10 })).events.length, 1);
      assert.is((await storage.keyValues('m').get(['k'])).size, 1);
      assert.not.ok(lines.some(({ msg }) => msg === 'events.deleted'));
      clock.time += 40 * dayMs;
      await until(() => lines.some(({ msg }) => msg === 'events.deleted'), 'the time to be believed');
      assert.is(lines.find(({ msg }) => msg === 'events.deleted')?.count, 1);
    },
    { clock, log },
  );
});

test('a file that is taken away under the daemon ends the storage', () =>
  inFolder(async dir => {
    const fatal: Error[] = [];
    const storage = await openStorage(dir, { onFatal: error => fatal.push(error) });
    storage.startMaintenance({ days: 30, maxBytes: 1e9, everyMs: 5 });
    await systemClock.sleep(20);
    assert.is(fatal.length, 0);
    await rename(join(dir, 'event-sink.db'), join(dir, 'elsewhere.db'));
    await until(() => fatal.length > 0, 'the loss to be seen');
    await storage.close();
    assert.match(fatal[0]!.message, 'deleted or replaced');
  }));

test('a folder that is taken away under the daemon ends the storage with the next write', () =>
  inFolder(async dir => {
    const fatal: Error[] = [];
    const data = join(dir, 'data');
    const storage = await openStorage(data, { onFatal: error => fatal.push(error) });
    await storage.write('putCheckpoint', { key: 'k', value: '1' });
    await rm(data, { recursive: true });
    assert.match((await thrownBy(storage.write('putCheckpoint', { key: 'k', value: '2' }))).message, 'deleted');
    assert.is(fatal.length, 1);
    await storage.close();
    const again = await openStorage(data);
    assert.is(await again.checkpoints.get('k'), undefined);
    await again.close();
  }));

test.run();
