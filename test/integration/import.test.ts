// timeout: 180 s
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Long, MongoClient, ObjectId } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageRecomputed, UsageReport } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { Ga4Server } from '../helpers/servers/ga4.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const dataset = '5fad53bfe4b00dcab417b69c';
const file = '5fad53bfe4b00dcab417b69d';
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0';
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** This month, as far as it has come, and the twelve before it, oldest first. */
const year = Array.from({ length: 13 }, (_, n) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 12 + n, 1));
});

const name = (month: Date): string => month.toISOString().slice(0, 7);

/** In the n-th month n + 1 people view the dataset and download a file, in one hour of the first day. */
function lines(month: Date, n: number): string[] {
  const day = `01/${months[month.getUTCMonth()]}/${month.getUTCFullYear()}`;
  return Array.from({ length: n + 1 }, (_, person) => {
    const minute = String(person).padStart(2, '0');
    const at = (second: number) => `10.0.${n}.${person} - - [${day}:00:${minute}:0${second} +0000]`;
    return (
      `${at(1)} "GET /datasets/${dataset} HTTP/1.1" 200 500 "-" "${agent}"\n` +
      `${at(2)} "GET /api/files/${file}/blob?dataset=${dataset} HTTP/1.1" 200 ${n} "-" "${agent}"\n`
    );
  });
}

/** What these lines come to, by month: investigations, requests, unique investigations. */
const expected = (from = 0): string[] =>
  year.slice(from).map((month, n) => `${name(month)} ${2 * (n + from + 1)} ${n + from + 1} ${n + from + 1}`);

interface Context {
  folder: TemporaryFolder;
  amplitude: AmplitudeServer;
  ga4: Ga4Server;
  /** Every month a file of its own, the last one the log that is written. */
  logs: readonly string[];
  current: string;
  /** One without a log of its own. */
  daemon: TestDaemon;
}

const test = suite<Context>('import');

test.before(async context => {
  context.folder = temporaryFolder();
  context.amplitude = new AmplitudeServer();
  context.ga4 = new Ga4Server();
  await Promise.all([context.amplitude.start(), context.ga4.start()]);
  context.current = join(context.folder.path, 'access.log');
  context.logs = year.map((month, n) => {
    const path = n === 12 ? context.current : `${context.current}.${12 - n}${n % 2 === 0 ? '.gz' : ''}`;
    const text = lines(month, n).join('');
    writeFileSync(path, path.endsWith('.gz') ? gzipSync(text) : text);
    utimesSync(path, month, month);
    return path;
  });
});

test.after(async ({ folder, amplitude, ga4, daemon }) => {
  await daemon?.remove();
  await Promise.all([amplitude.stop(), ga4.stop()]);
  folder.remove();
});

function daemonWith({ amplitude, ga4 }: Context, env: Record<string, string> = {}): TestDaemon {
  return new TestDaemon({
    env: {
      ...{ USAGE: 'on', USAGE_SOURCE: 'nginx', GEOIP_DATABASE: 'off' },
      ...{ AMPLITUDE_API_KEY: 'key-of-the-project', AMPLITUDE_SERVER_URL: amplitude.url },
      ...{ GOOGLE_MEASUREMENT_ID: 'G-TEST1234', GOOGLE_API_SECRET: 's', GOOGLE_SERVER_URL: ga4.origin },
      // The windows of a log that is read are no history.
      ...{ AMPLITUDE_CATEGORIES: '!connections', GOOGLE_CATEGORIES: '!connections' },
      ...env,
    },
  });
}

/** As the user of the daemon, with its settings. */
function around(daemon: TestDaemon) {
  const { url, key, dir, env } = daemon;
  return { ...env, PATH: process.env.PATH ?? '', EVENT_SINK_URL: url, EVENT_SINK_API_KEY: key, DATA_DIR: dir };
}

/** What a summary, or a month that was counted again, says. */
interface Said {
  readonly read: number;
  readonly accepted: number;
  readonly already_there: number;
  readonly refused: number;
  readonly reasons: Record<string, unknown>;
  readonly sinks: readonly string[];
  readonly accesses: number;
  readonly before: UsageRecomputed['before'];
  readonly after: UsageRecomputed['after'];
}

function run(daemon: TestDaemon, ...words: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    env: around(daemon),
    encoding: 'utf8',
  });
  assert.is(status, 0, stdout + stderr);
  return JSON.parse(stdout.split('\n')[0]!);
}

function begin(daemon: TestDaemon, ...words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...words], { env: around(daemon), stdio: 'ignore' });
}

async function usage(daemon: TestDaemon): Promise<string[]> {
  const report = (await (await daemon.request('/v1/usage?by=month')).json()) as UsageReport;
  return report.usage.map(({ id, regular, machine }) => {
    if (typeof regular === 'string' || typeof machine === 'string') throw new Error('months are whole');
    assert.is(machine.total_dataset_investigations, 0);
    const { total_dataset_investigations, total_dataset_requests, unique_dataset_investigations } = regular;
    return `${id} ${total_dataset_investigations} ${total_dataset_requests} ${unique_dataset_investigations}`;
  });
}

const settled = (daemon: TestDaemon, lines: readonly string[]) =>
  until(async () => JSON.stringify(await usage(daemon)) === JSON.stringify(lines), `usage: ${lines}`);

test('a year of logs imported twice: the same months, beside a daemon that has read one of them', async context => {
  const { logs, current, amplitude, ga4 } = context;
  const daemon = daemonWith(context, { NGINX_ACCESS_LOG: current });
  try {
    await daemon.start();
    await settled(daemon, expected(12));
    const words = ['import', 'nginx', ...[...logs].reverse()];
    const first = run(daemon, ...words);
    await settled(daemon, expected());
    assert.equal([first.read, first.accepted, first.already_there, first.refused], [182, 182, 26, 0]);
    assert.equal(
      first.sinks,
      ['local', 'usage'].filter(sink => first.sinks.includes(sink)),
    );
    const second = run(daemon, ...words);
    assert.equal([second.accepted, second.already_there], [182, 182]);
    await daemon.drained();
    await settled(daemon, expected());
    const named = run(daemon, 'import', 'nginx', '--sinks', 'ga4', '--events', 'views', logs[0]!);
    assert.equal([named.accepted, named.refused], [0, 1]);
    assert.match(Object.keys(named.reasons)[0] ?? '', /ga4 takes nothing that is older than 3 days/);
    assert.equal([amplitude.accepted, ga4.hits], [[], []]);
  } finally {
    await daemon.remove();
  }
});

test('killed half-way and run again: the same months', async context => {
  const daemon = daemonWith(context);
  context.daemon = daemon;
  await daemon.start();
  const words = ['import', 'nginx', ...context.logs];
  const child = begin(daemon, ...words);
  const ended = new Promise(resolve => child.once('exit', resolve));
  await until(async () => child.exitCode !== null || (await usage(daemon)).length > 0, 'the first events');
  child.kill('SIGKILL');
  await ended;
  run(daemon, ...words);
  await settled(daemon, expected());
});

test('a month is counted from a recording, unless something is missing there', async ({ folder, logs, daemon }) => {
  const recording = join(folder.path, 'recording.ndjson');
  const again = run(daemon, 'import', 'nginx', '--events', 'views,downloads', logs[2]!);
  assert.equal([again.accepted, again.already_there], [6, 6]);
  const stored = await until(async () => {
    const events = (await daemon.stored()).filter(({ category }) => category !== 'audit');
    return events.length === 6 && events;
  }, 'the events of one month in the local store');
  const write = (events: readonly unknown[]): void =>
    writeFileSync(recording, events.map(event => JSON.stringify(event)).join('\n'));
  const words = ['usage', 'recompute', name(year[2]!), '--from', recording];
  write(stored);
  const done = run(daemon, ...words);
  assert.equal([done.accesses, done.after.regular.total_dataset_requests], [6, 3]);
  assert.equal(done.after, done.before);
  write(stored.slice(1));
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], { env: around(daemon), encoding: 'utf8' });
  assert.is(status, 1);
  assert.match(stderr, /1 of the 6 accesses/);
  assert.equal(await usage(daemon), expected());
});

test('documents of a real server: those of older programs, and our own', async ({ daemon }) => {
  const server = await startMongoDB();
  const database = `event_sink_import_${process.pid}`;
  const client = await new MongoClient(server.uri).connect();
  try {
    const at = Date.UTC(2025, 2, 4);
    const flat = client.db(database).collection<Record<string, unknown> & { _id: ObjectId | string }>('events');
    const number = Long.fromString('9007199254740993');
    await flat.insertMany([
      { _id: new ObjectId('65e5a2f0a4bbe9b699ba4be4'), category: 'upload', created: at, size: number },
      { _id: 'ours', category: 'upload', created: '2025-03-04', created_at: new Date(at) },
      { _id: new ObjectId('65e5a2f0a4bbe9b699ba4be5'), category: 'login', at: new Date(at), deep: { a: [null, 1.5] } },
      { _id: new ObjectId('65e5a2f0a4bbe9b699ba4be6'), created: at },
    ] as never);
    const echoed = client.db(database).collection('eventsink.messages');
    await echoed.insertMany([
      { created: at, message: '{"category":"download","size":7}' },
      { created: at, message: 'Hello World!' },
    ]);
    const words = ['import', 'mongodb', server.uri, '--database', database];
    for (const already of [0, 3]) {
      const done = run(daemon, ...words);
      assert.equal([done.read, done.accepted, done.already_there], [4, 3, already]);
      assert.equal(Object.keys(done.reasons), ['category is missing']);
    }
    const old = run(daemon, ...words, '--collection', 'eventsink.messages');
    assert.equal([old.accepted, old.refused], [1, 1]);
    const events = (await daemon.stored()).filter(({ _source }) => _source === 'import');
    const stored = new Map(events.map(event => [event.id, event]));
    assert.is(stored.size, 4);
    const raw = await (await daemon.request('/v1/events?category=upload')).text();
    assert.match(raw, '"size":9007199254740993');
    assert.equal(
      [stored.get('65e5a2f0a4bbe9b699ba4be5')?.created, stored.get('65e5a2f0a4bbe9b699ba4be5')?.deep],
      [new ObjectId('65e5a2f0a4bbe9b699ba4be5').getTimestamp().getTime(), { a: [null, 1.5] }],
    );
    assert.is(stored.get('ours')?.created, at);
  } finally {
    await client.db(database).dropDatabase();
    await client.close();
    await server.stop();
  }
});

test.run();
