import { suite, test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { SetupError, TransientError } from '../../src/errors.js';
import type { Event } from '../../src/events/event.js';
import type { InfluxdbConfig } from '../../src/sinks/influxdb/settings.js';
import { influxdbSink } from '../../src/sinks/influxdb.js';
import type { SinkSession, SinkTools } from '../../src/sinks/sink.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import type { ScriptedFault } from '../helpers/servers/stand-in.js';
import { eventOf, sinkTools, someEvents } from '../helpers/sink-session.js';
import { thrown } from '../helpers/thrown.js';

const never = new AbortController().signal;

type Path = '1.x' | '2';

function configOf(server: InfluxdbStandIn, path: Path, token = 'the-right-token', gzip = false): InfluxdbConfig {
  const tags = ['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id'];
  return path === '1.x'
    ? {
        server: { version: 1, url: server.origin, user: 'ann', password: token, database: 'eventsink', gzip },
        measurement: 'events',
        tags,
      }
    : {
        server: { version: 2, url: server.origin, token, org: 'clowder', bucket: 'eventsink', gzip },
        measurement: 'events',
        tags,
      };
}

interface Context {
  server: InfluxdbStandIn;
  sessions: SinkSession[];
  open(path: Path, options?: { token?: string; gzip?: boolean; tools?: SinkTools }): Promise<SinkSession>;
}

const answers = suite<Context>('InfluxDB answers', {} as Context);

answers.before.each(async context => {
  context.server = new InfluxdbStandIn();
  context.sessions = [];
  context.open = async (path, { token, gzip, tools = sinkTools() } = {}) => {
    const session = await influxdbSink.open(configOf(context.server, path, token, gzip), tools);
    context.sessions.push(session);
    return session;
  };
  await context.server.start();
});

answers.after.each(async ({ server, sessions }) => {
  for (const session of sessions) await session.close();
  await server.stop();
});

const influx = (text: string): string => JSON.stringify({ error: text });

interface Case {
  readonly answer: string;
  readonly fault: ScriptedFault;
  readonly is: typeof TransientError | typeof SetupError;
  readonly says?: RegExp;
  readonly retryAfterMs?: number;
}

const cases: Case[] = [
  {
    answer: '401',
    fault: { status: 401, body: influx('authorization failed') },
    is: SetupError,
    says: /401 .*: check INFLUXDB_/,
  },
  { answer: '403', fault: { status: 403, body: influx('not authorized to write') }, is: SetupError, says: /403/ },
  {
    answer: '404',
    fault: { status: 404, body: influx('database not found: "x"') },
    is: SetupError,
    says: /database not found/,
  },
  { answer: '301', fault: { status: 301, headers: { location: '/x' } }, is: SetupError, says: /redirect/ },
  { answer: '408', fault: { status: 408 }, is: TransientError },
  {
    answer: '429 with Retry-After in seconds',
    fault: { status: 429, headers: { 'retry-after': '2' } },
    is: TransientError,
    retryAfterMs: 2000,
  },
  {
    answer: '503 with Retry-After in seconds',
    fault: { status: 503, headers: { 'retry-after': '30' }, body: influx('timeout') },
    is: TransientError,
    says: /503 .*timeout/,
    retryAfterMs: 30_000,
  },
  {
    answer: '500',
    fault: { status: 500, body: influx('engine: cache maximum memory size exceeded') },
    is: TransientError,
  },
  { answer: '502 of a proxy', fault: { status: 502, body: '<html>Bad Gateway</html>' }, is: TransientError },
  { answer: '200', fault: { status: 200, body: '<html>Welcome to the guest network</html>' }, is: TransientError },
  {
    answer: '204 cut before',
    fault: { cut: 'before', processed: true },
    is: TransientError,
    says: /cut the connection/,
  },
  { answer: 'an answer cut in the middle', fault: { cut: 'middle', processed: true }, is: TransientError },
  { answer: 'no HTTP', fault: { garbage: 'garbage\r\n\r\n', processed: false }, is: TransientError },
  {
    answer: '400 that no InfluxDB wrote',
    fault: { status: 400, body: '<html>Bad Request</html>' },
    is: TransientError,
  },
  { answer: '400 in foreign JSON', fault: { status: 400, body: '{"ok":false}' }, is: TransientError },
  { answer: '422 that no InfluxDB wrote', fault: { status: 422, body: '' }, is: TransientError },
  { answer: '418', fault: { status: 418, body: influx('teapot') }, is: TransientError },
  {
    answer: '400 to every request',
    fault: { status: 400, body: influx('please provide either orgID or org') },
    is: SetupError,
    says: /orgID/,
  },
];

for (const path of ['1.x', '2'] as const) {
  for (const { answer, fault, is, says, retryAfterMs } of cases) {
    answers(`${path}: ${answer} is a ${is.name}`, async ({ server, open }) => {
      const session = await open(path);
      const events = someEvents(3);
      server.always = fault;
      const error = await thrown(session.write(events, never));
      assert.is(error.constructor === is || error instanceof is, true, `${error.name}: ${error.message}`);
      if (says !== undefined) assert.match(error.message, says);
      assert.is((error as TransientError).retryAfterMs, retryAfterMs);
      assert.not.match(error.message, /the-right-token/);
      server.always = undefined;
      assert.equal(await (await open(path)).write(events, never), { rejected: [] });
      assert.equal(server.ids().sort(), ['event-0', 'event-1', 'event-2']);
    });
  }

  answers(`${path}: everything is written, and a retry rewrites itself`, async ({ server, open }) => {
    const events = someEvents(500);
    const session = await open(path);
    assert.equal(await session.write(events, never), { rejected: [] });
    assert.equal(await session.write(events, never), { rejected: [] });
    assert.is(server.points.size, 500);
  });

  answers(`${path}: gzip`, async ({ server, open }) => {
    const session = await open(path, { gzip: true });
    await session.write(someEvents(50), never);
    assert.is(server.points.size, 50);
    assert.is(server.asked.at(-1)?.headers['content-encoding'], 'gzip');
  });

  answers(`${path}: 500 events with 7 bad ones: 493 written, 7 reasons of the server`, async ({ server, open }) => {
    const bad = new Set([0, 99, 100, 101, 250, 498, 499].map(n => `event-${n}`));
    server.refuses = ({ fields }) =>
      bad.has(String(fields.event_id?.value)) ? `bad ${fields.event_id?.value}` : undefined;
    const session = await open(path);
    const events = someEvents(500);
    const { rejected = [], deferred } = await session.write(events, never);
    assert.is(deferred, undefined);
    assert.equal(
      rejected.map(({ index }) => index).sort((a, b) => a - b),
      [0, 99, 100, 101, 250, 498, 499],
    );
    for (const { index, reason } of rejected)
      assert.match(reason, new RegExp(`InfluxDB refused it: .*bad event-${index} `));
    assert.is(server.points.size, 493);
    assert.ok(server.asked.length < 150, `${server.asked.length} requests`);
  });

  answers(`${path}: a batch of which everything is bad ends in one round`, async ({ server, open }) => {
    server.refuses = () => 'points beyond retention policy';
    const session = await open(path);
    const { rejected, tooOld = [] } = await session.write(someEvents(2000), never);
    assert.is(new Set(tooOld).size, 2000);
    assert.equal(rejected, []);
    assert.ok(server.asked.length < 5, `${server.asked.length} requests`);
  });

  answers(`${path}: points beyond the retention are found by their age`, async ({ server, open }) => {
    const events = someEvents(2000);
    const limit = BigInt(events[1300]!.created) * 1_000_000n;
    server.refuses = ({ ns }) => (ns < limit ? 'points beyond retention policy' : undefined);
    const session = await open(path);
    const { rejected, tooOld = [] } = await session.write([...events].reverse(), never);
    assert.is(new Set(tooOld).size, 1300);
    assert.ok(tooOld.every(index => index >= 700));
    assert.equal(rejected, []);
    assert.is(server.points.size, 700);
    assert.ok(server.asked.length < 8, `${server.asked.length} requests`);
  });

  for (const words of [
    'points beyond retention policy',
    'dropped 1 points outside retention policy of duration 24h0m0s',
  ])
    answers(`${path}: one point refused with "${words}" is too old, not a dead letter`, async ({ server, open }) => {
      server.refuses = () => words;
      const result = await (await open(path)).write(someEvents(1), never);
      assert.equal(result, { rejected: [], tooOld: [0] });
    });

  answers(`${path}: a refusal that quotes such words from an event is a dead letter`, async ({ server, open }) => {
    server.refuses = () => "unable to parse 'events message=beyond retention policy'";
    const { rejected = [], tooOld } = await (await open(path)).write(someEvents(1), never);
    assert.equal([rejected.length, tooOld], [1, undefined]);
  });

  answers(`${path}: very many scattered bad events are worked off in rounds`, async ({ server, open }) => {
    server.refuses = ({ fields }) => (Number(String(fields.event_id?.value).slice(6)) % 3 === 0 ? 'bad' : undefined);
    const session = await open(path);
    let rest: Event[] = someEvents(360);
    let bad = 0;
    for (let round = 0; rest.length > 0; round += 1) {
      assert.ok(round < 10);
      const { rejected = [], deferred }: Awaited<ReturnType<SinkSession['write']>> = await session.write(rest, never);
      bad += rejected.length;
      rest = (deferred?.indexes ?? []).map(index => rest[index]!);
    }
    assert.is(bad, 120);
    assert.is(server.points.size, 240);
  });

  answers(`${path}: 413 halves the request; an event that alone is too large is rejected`, async ({ server, open }) => {
    server.maxBody = 20_000;
    const session = await open(path);
    const events = someEvents(300, index => (index === 77 ? { message: 'x'.repeat(30_000) } : {}));
    const { rejected = [] } = await session.write(events, never);
    assert.equal(
      rejected.map(({ index }) => index),
      [77],
    );
    assert.match(rejected[0]!.reason, /larger than the server takes/);
    assert.is(server.points.size, 299);
  });

  answers(`${path}: another type of a field is learnt from the server`, async ({ server, open }) => {
    server.types.set('size', 'float').set('resource_name', 'integer').set('load', 'integer');
    const session = await open(path);
    const events = someEvents(100, index => ({ size: index, resource_name: `name ${index}`, load: index / 2 }));
    assert.equal(await session.write(events, never), { rejected: [] });
    const point = [...server.points.values()].find(({ fields }) => fields.event_id?.value === 'event-51')!;
    assert.equal(point.fields.size, { type: 'float', value: 51 });
    assert.equal(point.fields.resource_name_string, { type: 'string', value: 'name 51' });
    assert.equal(point.fields.load_float, { type: 'float', value: 25.5 });
    const before = server.asked.length;
    await session.write(events, never);
    assert.is(server.asked.length, before + 1);
  });

  answers(`${path}: a wrong secret is a matter of settings, until it is fixed`, async ({ server, open }) => {
    const attempt = async (token: string) => (await open(path, { token })).write(someEvents(2), never);
    const error = await thrown(attempt('wrong-secret-token'));
    assert.instance(error, SetupError);
    assert.not.match(error.message, /wrong-secret-token/);
    server.token = 'wrong-secret-token';
    assert.equal(await attempt('wrong-secret-token'), { rejected: [] });
  });

  answers(`${path}: a probe says what a write would`, async ({ server, open }) => {
    const session = await open(path);
    await session.probe(never);
    assert.is(server.points.size, 0);
    server.token = 'another-token';
    assert.instance(await thrown(session.probe(never)), SetupError);
    server.token = 'the-right-token';
    server.always = { status: 503 };
    assert.instance(await thrown(session.probe(never)), TransientError);
    server.always = { status: 200, body: '<html>' };
    assert.instance(await thrown(session.probe(never)), TransientError);
    await server.stop();
    assert.match((await thrown(session.probe(never))).message, /refused the connection|cut the connection/);
  });

  answers(`${path}: the caller's signal ends a write`, async ({ server, open }) => {
    const session = await open(path);
    server.always = { delayMs: 10_000 };
    const error = await thrown(session.write(someEvents(1), AbortSignal.timeout(50)));
    assert.instance(error, TransientError);
    assert.match(error.message, /aborted/);
  });

  answers(
    `${path}: a token that HTTP cannot carry is a matter of settings, and stays secret`,
    async ({ server, open }) => {
      const work = async () => (await open(path, { token: 'two\nlines-of-secret' })).write(someEvents(1), never);
      const error = await thrown(work());
      assert.instance(error, SetupError);
      assert.not.match(error.message, /lines-of-secret/);
      assert.is(server.points.size, 0);
    },
  );

  answers(
    `${path}: 2,000 events with one created and the same tags, twice, with a kill between`,
    async ({ server, open }) => {
      const tools = sinkTools();
      const created = 1_790_000_000_000;
      const events = someEvents(2000, () => ({ created, user_id: 'one' }));
      await (await open(path, { tools })).write(events.slice(0, 1200), never);
      const session = await open(path, { tools });
      await session.write([...events.slice(600)].reverse(), never);
      await session.write(events, never);
      assert.is(server.points.size, 2000);
      assert.is(new Set(server.ids()).size, 2000);
    },
  );

  answers(`${path}: a time that InfluxDB cannot express is poison here`, async ({ server, open }) => {
    const session = await open(path);
    const far = (id: string, created: number) => eventOf({ category: 'x' }, { id, created });
    const { rejected = [] } = await session.write(
      [far('a', 9_223_372_036_853), far('b', 9_223_372_036_854), far('c', 0)],
      never,
    );
    assert.equal(
      rejected.map(({ index }) => index),
      [1],
    );
    assert.match(rejected[0]!.reason, /2262/);
    assert.equal(server.ids().sort(), ['a', 'c']);
  });

  answers(`${path}: a batch of nothing but bad events asks the server nothing`, async ({ server, open }) => {
    const session = await open(path);
    const before = server.asked.length;
    await session.write([eventOf({ category: 'x' }, { created: 9_300_000_000_000 })], never);
    assert.is(server.asked.length, before);
  });
}

answers('2: 201 with a complaint is only a part: the line that is missing is found', async ({ server, open }) => {
  const session = await open('2');
  const complaint = (body: string): ScriptedFault | undefined =>
    body.includes('event-5"') ? { status: 201, body: influx('partial write of line protocol occurred') } : undefined;
  for (let n = 0; n < 50; n += 1) server.faults.push(({ body }) => complaint(body));
  const { rejected = [] } = await session.write(someEvents(10), never);
  assert.equal(rejected, [{ index: 5, reason: 'InfluxDB refused it: partial write of line protocol occurred' }]);
});

answers('2: 201 without a word is accepted', async ({ server, open }) => {
  server.always = { status: 201, processed: true };
  assert.equal(await (await open('2')).write(someEvents(10), never), { rejected: [] });
  assert.is(server.points.size, 10);
});

answers('2: asks the documented address', async ({ server, open }) => {
  await (await open('2')).write(someEvents(1), never);
  const { method, url, headers } = server.asked.at(-1)!;
  assert.is(method, 'POST');
  assert.is(`${url.pathname}${url.search}`, '/api/v2/write?org=clowder&bucket=eventsink&precision=ns');
  assert.is(headers.authorization, 'Token the-right-token');
});

answers('1.x: creates the database as the old worker did, and again when it went away', async ({ server, open }) => {
  server.database = undefined;
  const session = await open('1.x');
  assert.is(server.database, 'eventsink');
  server.database = undefined;
  assert.instance(await thrown(session.write(someEvents(1), never)), SetupError);
  await session.probe(never);
  assert.equal(await session.write(someEvents(1), never), { rejected: [] });
});

answers('1.x: a user who may not create databases can write all the same', async ({ server, open }) => {
  server.faults.push({
    status: 403,
    body: influx('error authorizing query: ann not authorized to execute CREATE DATABASE'),
  });
  assert.equal(await (await open('1.x')).write(someEvents(1), never), { rejected: [] });
});

answers('1.x: shards that disagree on a type are served line by line', async ({ server, open }) => {
  const session = await open('1.x');
  server.refuses = ({ fields }) => {
    const wanted = Number(String(fields.event_id?.value).slice(6)) % 2 === 0 ? 'integer' : 'float';
    return fields.size === undefined || fields.size.type === wanted
      ? undefined
      : `field type conflict: input field "size" on measurement "events" is type ${fields.size.type}, already exists as type ${wanted}`;
  };
  server.typesDiffer = true;
  assert.equal(
    await session.write(
      someEvents(20, () => ({ size: 5 })),
      never,
    ),
    { rejected: [] },
  );
  assert.is(server.points.size, 20);
});

answers.run();

function configured(env: Record<string, string>) {
  const loaded = loadConfig({ env: { DATA_DIR: '/nowhere', ...env }, readFile: () => '', registry: [influxdbSink] });
  if ('problems' in loaded) return { problems: loaded.problems.map(({ name }) => name) };
  return { config: loaded.config.sinks[0]?.config as InfluxdbConfig | undefined };
}

test('switched off without an address', () => {
  assert.equal(configured({}), { config: undefined });
});

test('INFLUXDB_URL is version 2 or 3', () => {
  const { config } = configured({
    INFLUXDB_URL: 'https://influx.example.org/',
    INFLUXDB_TOKEN: 't0ken',
    INFLUXDB_ORG: 'clowder',
    INFLUXDB_BUCKET: 'events',
    INFLUXDB_TAGS: 'type, category,type',
  });
  assert.equal(config, {
    server: {
      version: 2,
      url: 'https://influx.example.org',
      token: 't0ken',
      org: 'clowder',
      bucket: 'events',
      gzip: true,
    },
    measurement: 'events',
    tags: ['category', 'type'],
  });
});

test('INFLUXDB_HOST is 1.x, with the defaults of the old worker', () => {
  assert.equal(configured({ INFLUXDB_HOST: 'localhost' }).config, {
    server: {
      version: 1,
      url: 'http://localhost:8086',
      user: undefined,
      password: '',
      database: 'eventsink',
      gzip: false,
    },
    measurement: 'events',
    tags: ['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id'],
  });
});

test('what is wrong is said', () => {
  assert.equal(configured({ INFLUXDB_URL: 'http://h' }).problems, ['INFLUXDB_BUCKET']);
  assert.equal(configured({ INFLUXDB_URL: 'http://a:b@h', INFLUXDB_BUCKET: 'x' }).problems, ['INFLUXDB_URL']);
  assert.equal(configured({ INFLUXDB_URL: 'http://h', INFLUXDB_BUCKET: 'x', INFLUXDB_HOST: 'h' }).problems, [
    'INFLUXDB_HOST',
  ]);
  assert.equal(configured({ INFLUXDB_HOST: 'ftp://h' }).problems, ['INFLUXDB_HOST']);
  assert.equal(configured({ INFLUXDB_HOST: 'h', INFLUXDB_TAGS: 'type,created' }).problems, ['INFLUXDB_TAGS']);
  assert.equal(configured({ INFLUXDB_HOST: 'h', INFLUXDB_MEASUREMENT: '_internal' }).problems, [
    'INFLUXDB_MEASUREMENT',
  ]);
});

test.run();
