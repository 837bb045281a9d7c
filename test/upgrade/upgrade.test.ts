// timeout: 120 s
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { Database } from '../../src/storage/database.js';
import { Storage } from '../../src/storage/storage.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { until } from '../helpers/wait.js';
import { inFolder } from '../storage/scratch.js';

/**
 * A DATA_DIR of 1.0.0, killed in the middle of its work, and the log that it was
 * reading: see scripts/upgrade-fixture.mjs.
 */
const archive = 'test/upgrade/data-1.0.tar.gz';
/** What 1.0.0 had accepted over HTTP. */
const accepted = [...Array.from({ length: 900 }, (_, index) => `same-${index}`), 'refused-1'];
const waitingIds = Array.from({ length: 50 }, (_, index) => `waiting-${index}`);
const logLines = 75;

const unpacked = <T>(body: (site: string) => Promise<T>): Promise<T> =>
  inFolder(site => {
    const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', site], { encoding: 'utf8' });
    assert.is(status, 0, stderr);
    return body(site);
  });

async function withStorage<T>(site: string, body: (storage: Storage) => Promise<T>): Promise<T> {
  const onFatal = (error: Error): never => {
    throw error;
  };
  const storage = await Storage.open({ dir: join(site, 'data'), clock: systemClock, log: silentLog, onFatal });
  try {
    return await body(storage);
  } finally {
    await storage.close();
  }
}

/** Ids in the outbox, oldest first. */
async function outboxOf(storage: Storage): Promise<string[]> {
  const ids: string[] = [];
  for (let after = 0; ; ) {
    const rows = await storage.write('takeOutbox', { limit: 1000, after });
    if (rows.length === 0) return ids;
    ids.push(...rows.map(([, , id]) => id));
    after = rows.at(-1)![0];
  }
}

/** Ids that wait for MongoDB in the embedded queue. */
function waitingIn(site: string): string[] {
  const database = new Database(join(site, 'data', 'event-sink.db'));
  try {
    return database
      .rows<[string]>(
        "SELECT id FROM messages WHERE seq > (SELECT cursor FROM queues WHERE sink = 'mongodb') ORDER BY seq",
      )
      .map(([id]) => id);
  } finally {
    database.close();
  }
}

test('everything that 1.0 kept is there once the file has the present schema', () =>
  unpacked(async site => {
    const waiting = waitingIn(site);
    await withStorage(site, async storage => {
      const outbox = await outboxOf(storage);
      // It moved waiting rows to the outbox, and was killed at that.
      const all = new Set([...waiting, ...outbox]);
      for (const id of accepted) assert.ok(all.has(id), id);
      for (const id of waitingIds) assert.ok(waiting.includes(id), id);
      for (const id of ['outbox-1', 'outbox-2', 'outbox-3']) assert.ok(outbox.includes(id), id);

      const dead = await storage.read('listDeadLetters', { sink: 'influxdb', limit: 10, after: 0 });
      assert.equal(
        dead.rows.map(([, , id]) => id),
        ['refused-1'],
      );
      assert.ok((await storage.ledger()).balanced);

      const log = await storage.checkpoints.get<{ position: { files: { offset: number }[] } }>('nginx/access.log');
      assert.equal(
        log?.position.files.map(({ offset }) => offset),
        [statSync(join(site, 'access.log')).size],
      );
      const health = await storage.checkpoints.get<{ observed: string; outages: unknown[] }>('health/portal');
      assert.is(health?.observed, 'down');
      assert.is(health?.outages.length, 1);
    });
    const database = new Database(join(site, 'data', 'event-sink.db'));
    const kept = new Map(
      database.rows<[string, number]>('SELECT namespace, count(*) FROM memories GROUP BY namespace'),
    );
    database.close();
    for (const namespace of ['sink.ga4', 'sink.influxdb', 'nginx.visitors'])
      assert.ok((kept.get(namespace) ?? 0) > 0, `${namespace} in ${[...kept.keys()]}`);
  }));

test('the present daemon goes on at the same place of the log, and delivers what waited, once', () =>
  unpacked(async site => {
    const waiting = waitingIn(site);
    const outbox = await withStorage(site, outboxOf);
    const mongodb = await startMongoDB();
    const log = join(site, 'access.log');
    const env = {
      MONGODB_URI: mongodb.uri,
      MONGODB_DATABASE: `upgrade_${process.pid}`,
      NGINX_ACCESS_LOG: 'access.log',
      NGINX_WINDOW_SECONDS: '3600',
      NGINX_TRAFFIC_EVENTS: 'views',
    };
    const daemon = await new TestDaemon({ dir: join(site, 'data'), cwd: site, env }).start();
    const client = await new MongoClient(mongodb.uri).connect();
    try {
      const [first = ''] = readFileSync(log, 'utf8').split('\n');
      appendFileSync(log, `${first}\n`.repeat(20));
      const views = () => daemon.stored('page_view');
      await until(async () => (await views()).length >= logLines + 20, 'the new lines');
      await systemClock.sleep(1_000);
      const found = await views();
      assert.is(found.length, logLines + 20);
      assert.is(new Set(found.map(({ id }) => id)).size, found.length);

      const documents = client.db(env.MONGODB_DATABASE).collection<{ _id: string }>('events');
      const stored = async () => new Set((await documents.find().toArray()).map(({ _id }) => _id));
      await until(async () => (await stored()).size >= new Set(waiting).size, 'what waited');
      const ids = await stored();
      for (const id of waiting) assert.ok(ids.has(id), id);
      assert.is(await daemon.kill('SIGTERM'), 0);
    } finally {
      await client.close();
      await daemon.remove();
      await mongodb.stop();
    }
    // Without RabbitMQ the outbox stays as it is, for the day on which it is back.
    assert.equal(await withStorage(site, outboxOf), outbox);
  }));

test.run();
