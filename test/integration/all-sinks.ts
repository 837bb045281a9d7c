import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt, SinkStatus } from '../../openapi/api-types.js';
import { internalCategories } from '../../src/events/catalogue.js';
import { TestDaemon } from '../helpers/daemon.js';
import { type Destinations, type SinkName, sinkNames, startDestinations } from '../helpers/destinations.js';
import { until } from '../helpers/wait.js';

interface Context {
  destinations: Destinations;
  daemon: TestDaemon;
}

/** Every recorded event, moved so that the newest is now: Google Analytics takes nothing older than 72 hours. */
function recordedNow(): string[] {
  const events = readdirSync('fixtures/events')
    .flatMap(name => readFileSync(`fixtures/events/${name}`, 'utf8').split('\n'))
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>)
    // A heartbeat has the daemon watch a job, and say of it what nobody sent.
    .filter(({ category }) => category !== 'heartbeat');
  const now = Date.now();
  return events.map((event, index) =>
    JSON.stringify({ id: `recorded-${index}`, ...event, created: now - index * 1000 }),
  );
}

/** Not for sinks that show how Clowder is used. */
const isInternal = (line: string): boolean =>
  internalCategories.includes((JSON.parse(line) as { category: string }).category);
const usageSinks: ReadonlySet<SinkName> = new Set(['amplitude', 'ga4', 'matomo']);

async function send(daemon: TestDaemon, lines: readonly string[]): Promise<readonly string[]> {
  const response = await daemon.request('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  assert.is(response.status, 202, await response.clone().text());
  return ((await response.json()) as Receipt).ids;
}

async function deadIds(daemon: TestDaemon, sink: SinkName): Promise<Map<string, string>> {
  const { dead_letters } = await daemon.json(`/v1/dead-letters?sink=${sink}&limit=1000`);
  return new Map(dead_letters.map(({ id, reason }) => [id, reason]));
}

const idsAt = async ({ destinations, daemon }: Context, sink: SinkName): Promise<string[]> =>
  sink === 'local' ? (await daemon.stored()).map(({ id }) => id) : destinations.ids(sink);

const sinkRow = async (daemon: TestDaemon, sink: SinkName): Promise<SinkStatus> =>
  (await daemon.json('/v1/status')).sinks.find(row => row.sink === sink)!;

/** A place for the queues of one test: settings for the daemon, and what to do afterwards. */
export interface BrokerPlace {
  readonly env: Readonly<Record<string, string>>;
  release(): Promise<void>;
}

/** The whole daemon with every sink there is, on one kind of broker. */
export function allSinks(name: string, open: () => Promise<BrokerPlace>): void {
  const test = suite<Context & { place: BrokerPlace }>(`all sinks, ${name}`);

  test.before.each(async context => {
    context.place = await open();
    context.destinations = await startDestinations();
    context.daemon = await new TestDaemon({ env: { ...context.destinations.env, ...context.place.env } }).start();
  });
  test.after.each(async ({ destinations, daemon, place }) => {
    await daemon.remove();
    await destinations.stop();
    await place.release();
  });

  test('every recorded event, sent twice, is in every destination once, or refused there with a reason', async context => {
    const { daemon } = context;
    const lines = recordedNow();
    const ids = await send(daemon, lines);
    await daemon.drained();
    assert.equal(await send(daemon, lines), ids, 'the same ids are the same events');
    await daemon.drained();
    for (const sink of sinkNames) {
      const found = await idsAt(context, sink);
      const dead = await deadIds(daemon, sink);
      assert.is(new Set(found).size, found.length, `${sink} has events twice`);
      const taken = usageSinks.has(sink) ? ids.filter((_id, index) => !isInternal(lines[index]!)) : ids;
      assert.equal([...new Set([...found, ...dead.keys()])].sort(), [...new Set(taken)].sort(), sink);
      assert.equal(
        found.filter(id => dead.has(id)),
        [],
        `${sink} has events that are dead letters too`,
      );
      for (const reason of dead.values()) assert.ok(reason.length > 15, reason);
      assert.ok(found.length > taken.length * 0.9, `${sink} took only ${found.length} of ${taken.length}`);
    }
    assert.equal(context.destinations.ga4.violations, []);
    assert.equal(context.destinations.webhook.violations, []);
    assert.equal(context.destinations.matomo.violations, []);
    const ledger = await daemon.json('/v1/ledger');
    assert.ok(ledger.balanced);
  });

  test('2,000 events of one millisecond with the same tags are 2,000 points, sent twice and with a kill -9 between', async context => {
    const { daemon } = context;
    const created = Date.now();
    const lines = Array.from({ length: 2000 }, (_, index) =>
      JSON.stringify({ id: `twin-${index}`, category: 'upload', user_id: 'someone', size: index, created }),
    );
    await send(daemon, lines.slice(0, 1000));
    await send(daemon, lines.slice(1000));
    await until(
      async () => (await context.destinations.ids('influxdb').catch(() => [])).length > 0,
      'the first points',
    );
    await daemon.kill('SIGKILL');
    await daemon.start();
    await send(daemon, lines.slice(0, 1000));
    await send(daemon, lines.slice(1000));
    await daemon.drained();
    const found = await context.destinations.ids('influxdb');
    assert.is(found.length, 2000);
    assert.is(new Set(found).size, 2000);
  });

  test('wrong credentials hold the events of that sink alone, say which and why, and flow when the key is fixed at the server', async context => {
    const { daemon, destinations } = context;
    destinations.amplitude.apiKeys.clear();
    await daemon.kill('SIGTERM');
    await daemon.start({ INFLUXDB_PASSWORD: 'quite-wrong-password' });
    const ids = await send(
      daemon,
      [1, 2, 3].map(number => JSON.stringify({ id: `key-${number}`, category: 'upload', user_id: 'someone' })),
    );
    await until(
      async () => (await destinations.ids('mongodb')).length === 3 && destinations.ga4.hits.length === 3,
      'the sinks beside',
    );
    for (const sink of ['amplitude', 'influxdb'] as const) {
      await until(async () => (await sinkRow(daemon, sink)).state === 'holding', `${sink} to be holding`);
      await until(async () => (await sinkRow(daemon, sink)).pending === 3, `three events that wait for ${sink}`);
    }
    const status = await daemon.json('/v1/status');
    const words = JSON.stringify(status.problems);
    assert.match(words, 'Amplitude');
    assert.match(words, 'InfluxDB');
    assert.match(words, /key|credential|password|author/i);
    assert.is((await daemon.request('/readyz')).status, 200);
    destinations.amplitude.apiKeys.add(destinations.env.AMPLITUDE_API_KEY);
    await destinations.influxdb.query(`SET PASSWORD FOR "admin" = 'quite-wrong-password'`);
    await daemon.drained(90_000);
    assert.equal((await destinations.ids('amplitude')).sort(), ids);
    assert.is((await sinkRow(daemon, 'amplitude')).dead, 0);
  });

  test('no secret shows in the log, the metrics, the status, the dead letters or an error', async context => {
    const { daemon, destinations } = context;
    await daemon.kill('SIGTERM');
    await daemon.start({ LOG_LEVEL: 'trace' });
    await send(daemon, recordedNow());
    destinations.ga4.always = { status: 500, body: 'oops' };
    destinations.amplitude.always = { status: 403, body: 'no' };
    await destinations.influxdb.kill9();
    await destinations.mongodb.kill9();
    await send(daemon, [JSON.stringify({ category: 'upload', user_id: 'someone', id: 'later' })]);
    await until(async () => (await sinkRow(daemon, 'influxdb')).state === 'holding', 'influxdb to be holding');
    await until(async () => (await sinkRow(daemon, 'ga4')).state === 'holding', 'ga4 to be holding');
    const pages = await Promise.all(
      ['/v1/status', '/v1/dead-letters', '/v1/ledger', '/metrics', '/v1/events', '/openapi.json'].map(async path =>
        (await daemon.request(path)).text(),
      ),
    );
    const bad = await daemon.request('/v1/events', { method: 'POST', body: 'x' });
    const everything = [daemon.output, ...pages, await bad.text()].join('\n');
    for (const secret of [...destinations.secrets, daemon.key])
      assert.not.ok(everything.includes(secret), `${secret} is shown`);
  });

  test.run();
}
