import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../src/errors.js';
import { acceptEvent } from '../../src/events/accept.js';
import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import { lineOf, seriesOf } from '../../src/sinks/influxdb/point.js';
import type { InfluxdbConfig } from '../../src/sinks/influxdb/settings.js';
import { homeOf } from '../../src/sinks/influxdb/slots.js';
import { FieldTypes } from '../../src/sinks/influxdb/types.js';
import { influxdbSink } from '../../src/sinks/influxdb.js';
import type { SinkSession, SinkTools } from '../../src/sinks/sink.js';
import { fixtureFiles, fixtureLines } from '../events/fixtures.js';
import { parseLine } from '../helpers/line-protocol.js';
import { startInfluxDB } from '../helpers/servers/influxdb.js';
import { startV2Proxy } from '../helpers/servers/v2-proxy.js';
import { eventOf, sinkTools, someEvents } from '../helpers/sink-session.js';
import { required } from '../helpers/skip.js';
import { thrown } from '../helpers/thrown.js';

const admin = { user: 'admin', password: 'admin-password' };
const server = required('influxdb', await startInfluxDB({ admin, data: ['max-values-per-tag = 1000'] }));
const proxy = await startV2Proxy(server.url);
const never = new AbortController().signal;
const tags = ['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id'];

type Path = '1.x' | '2';

interface Options {
  readonly tools?: SinkTools;
  readonly password?: string;
  readonly user?: string;
  readonly gzip?: boolean;
}

const real = suite('InfluxDB 1.6.7, a real one');
const sessions: SinkSession[] = [];

real.after.each(async () => {
  for (const session of sessions.splice(0)) await session.close();
});

real.after(async () => {
  await proxy.stop();
  await server.stop();
});

async function open(path: Path, database: string, options: Options = {}): Promise<SinkSession> {
  const { tools = sinkTools(), password = admin.password, user = admin.user, gzip = true } = options;
  const token = `${user}:${password}`;
  const target: InfluxdbConfig['server'] =
    path === '1.x'
      ? { version: 1, url: server.url, user, password, database, gzip }
      : { version: 2, url: proxy.url, token, org: 'clowder', bucket: database, gzip };
  const session = await influxdbSink.open({ server: target, measurement: 'events', tags }, tools);
  sessions.push(session);
  return session;
}

async function newDatabase(path: Path, what: string, clause = ''): Promise<string> {
  const name = `${what}_${path === '2' ? 'two' : 'one'}`;
  await server.query(`CREATE DATABASE ${name} ${clause}`);
  return name;
}

async function write(database: string, lines: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${admin.user}:${admin.password}`).toString('base64')}`;
  const answer = await fetch(`${server.url}/write?db=${database}`, {
    method: 'POST',
    headers: { authorization },
    body: lines,
  });
  assert.is(answer.status, 204);
}

/** From a time as InfluxQL shows it: 2026-01-01T00:00:00.000000042Z. */
function nanoseconds(time: string): bigint {
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

async function count(database: string): Promise<number> {
  const [row] = await server.query('SELECT count(event_id) FROM events', database);
  return Number(row?.count ?? 0);
}

function fixtures(): Event[] {
  const events = new Map<string, Event>();
  for (const line of fixtureFiles.flatMap(fixtureLines)) {
    const accepted = acceptEvent(JSON.parse(line), { now: 1_709_600_000_000, source: 'replay' });
    if (!('message' in accepted)) throw new Error(line);
    const decoded = decode(accepted.message);
    if (decoded.kind === 'event') events.set(decoded.event.id, decoded.event);
  }
  return [...events.values()];
}

/** Each point in the server against its line as the reference parser understands it. */
async function compare(database: string, events: readonly Event[]): Promise<void> {
  const rows = new Map((await server.query('SELECT * FROM events', database)).map(row => [String(row.event_id), row]));
  const schema = { measurement: 'events', tags: new Set(tags) };
  for (const event of events) {
    const row = rows.get(event.id);
    assert.ok(row, event.id);
    const line = lineOf(event, seriesOf(event, schema), homeOf(event.id), schema, new FieldTypes());
    const { fields, tags: expected, ns } = parseLine(Buffer.from(line).toString());
    assert.is(nanoseconds(String(row.time)), ns);
    const present = Object.fromEntries(
      Object.entries(row).filter(([name, value]) => value !== null && name !== 'time'),
    );
    const wanted = {
      ...expected,
      ...Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])),
    };
    assert.equal(Object.keys(present).sort(), Object.keys(wanted).sort());
    for (const [name, value] of Object.entries(wanted)) {
      assert.is(
        String(present[name]),
        String(typeof value === 'bigint' ? Number(value) : value),
        `${event.id} ${name}`,
      );
    }
  }
  assert.is(rows.size, events.length);
}

for (const path of ['1.x', '2'] as const) {
  real(`${path}: every recorded event arrives field by field, once, also when it is sent twice`, async () => {
    const database = await newDatabase(path, 'fixtures');
    const events = fixtures();
    assert.ok(events.length > 50);
    for (const gzip of [true, false]) {
      const session = await open(path, database, { gzip });
      assert.equal(await session.write(events, never), { rejected: [] });
    }
    await compare(database, events);
  });

  real(`${path}: 500 events, 4 too old and 3 bad: 493 points and the server's 3 reasons`, async () => {
    const database = await newDatabase(path, 'bad', 'WITH DURATION 24h');
    await write(database, `events other_float=true ${Date.now()}000000`);
    await write(database, `events other=1i ${Date.now()}000000`);
    const old = new Set([0, 13, 14, 499]);
    const mistyped = new Set([7, 250, 498]);
    const events = someEvents(500, index => (mistyped.has(index) ? { other: 0.5 } : {})).map((event, index) =>
      old.has(index) ? { ...event, created: event.created - 7 * 86_400_000 } : event,
    );
    const { rejected = [], tooOld = [] } = await (await open(path, database)).write(events, never);
    assert.equal(
      rejected.map(({ index }) => index).sort((a, b) => a - b),
      [...mistyped],
    );
    for (const { reason } of rejected) assert.match(reason, /field type conflict.*other_float/);
    assert.equal(
      [...tooOld].sort((a, b) => a - b),
      [...old],
    );
    assert.is(await count(database), 493);
  });

  for (const count of [1, 200]) {
    real(`${path}: a batch of ${count} that is older than the retention policy altogether`, async () => {
      const database = await newDatabase(path, `old${count}`, 'WITH DURATION 24h');
      const events = someEvents(count).map(event => ({ ...event, created: event.created - 7 * 86_400_000 }));
      const { rejected, tooOld } = await (await open(path, database)).write(events, never);
      assert.equal(rejected, []);
      assert.equal(
        tooOld?.toSorted((a, b) => a - b),
        [...events.keys()],
      );
    });
  }

  real(
    `${path}: 2,000 events with one created and the same tags are 2,000 points, sent twice with a kill between`,
    async () => {
      const database = await newDatabase(path, 'same');
      const tools = sinkTools();
      const created = Date.now();
      const events = someEvents(2000, () => ({ created, user_id: 'one' }));
      await (await open(path, database, { tools })).write(events.slice(0, 900), never);
      await (await open(path, database, { tools })).write([...events.slice(400)].reverse(), never);
      assert.is(await count(database), 2000);
      await (await open(path, database, { tools })).write(events, never);
      assert.is(await count(database), 2000);
      const ids = await server.query('SELECT event_id FROM events', database);
      assert.is(new Set(ids.map(({ event_id: id }) => id)).size, 2000);
    },
  );

  real(`${path}: size is an integer as the old worker wrote it; where it is a float, it stays one`, async () => {
    const database = await newDatabase(path, 'types');
    await write(database, 'events,category=upload size=5i 1600000000000000000');
    await write(database, 'events,category=health response_time_avg=1i 1600000000000000000');
    const session = await open(path, database);
    const created = 1_600_000_000_500;
    const written = [
      eventOf({ category: 'upload', size: 7 }, { id: 'a', created }),
      eventOf({ category: 'upload', size: 7.5 }, { id: 'b', created }),
      eventOf({ category: 'health', response_time_avg: 2 }, { id: 'c', created }),
      eventOf({ category: 'health', response_time_avg: 2.5 }, { id: 'd', created }),
    ];
    assert.equal(await session.write(written, never), { rejected: [] });
    const rows = new Map((await server.query('SELECT * FROM events', database)).map(row => [row.event_id, row]));
    assert.is(rows.get('a')?.size, 7);
    assert.is(rows.get('b')?.size_float, 7.5);
    assert.is(rows.get('c')?.response_time_avg, 2);
    assert.is(rows.get('d')?.response_time_avg_float, 2.5);
    const keys = await server.query('SHOW FIELD KEYS FROM events', database);
    assert.is(keys.find(({ fieldKey }) => fieldKey === 'size')?.fieldType, 'integer');
  });

  real(`${path}: more values of a tag than the server allows: those events are refused in its words`, async () => {
    const database = await newDatabase(path, 'values');
    const events = someEvents(1200, index => ({ user_id: `user-${index}` }));
    const session = await open(path, database);
    assert.equal(await session.write(events.slice(0, 1000), never), { rejected: [] });
    const { rejected = [] } = await session.write(events.slice(900), never);
    assert.is(rejected.length, 200);
    for (const { reason } of rejected) assert.match(reason, /max-values-per-tag/);
    assert.is(await count(database), 1000);
  });

  real(`${path}: wrong credentials wait to be fixed`, async () => {
    const database = await newDatabase(path, 'locked');
    const user = `writer_${database}`;
    await server.query(`CREATE USER ${user} WITH PASSWORD 'old-password'`);
    await server.query(`GRANT WRITE ON ${database} TO ${user}`);
    const options = { user, password: 'new-password' };
    const events = someEvents(10);
    const attempt = async () => (await open(path, database, options)).write(events, never);
    const error = await thrown(attempt());
    assert.instance(error, SetupError);
    assert.not.match(error.message, /new-password/);
    await server.query(`SET PASSWORD FOR ${user} = 'new-password'`);
    assert.equal(await attempt(), { rejected: [] });
    assert.is(await count(database), 10);
    await server.query(`REVOKE ALL ON ${database} FROM ${user}`);
    assert.instance(await thrown((await open(path, database, options)).probe(never)), SetupError);
  });

  real(`${path}: a database that is not there`, async () => {
    const session = await open(path, `missing_${path === '2' ? 'two' : 'one'}`);
    if (path === '1.x') {
      assert.equal(await session.write(someEvents(1), never), { rejected: [] });
    } else {
      assert.instance(await thrown(session.write(someEvents(1), never)), SetupError);
      assert.instance(await thrown(session.probe(never)), SetupError);
    }
  });
}

real('whatever the characters, the real parser reads what ours does', async () => {
  const database = await newDatabase('1.x', 'characters');
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\\', 'a\\', '\\,', '\\ b', '"', '=', ',', '#x', '\n', '\r\n', '\t', '\0', ' ', "'"),
  );
  const shape = fc.record({
    user_id: text,
    author_id: text,
    message: text,
    url: text,
    name: text,
    value: text,
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  const events = fc
    .sample(shape, { numRuns: 400, seed: 7 })
    .map(({ name, value, number, ...fields }, index) =>
      eventOf(
        { category: 'x', ...fields, [`f${name}`]: value, [`n${name}`]: number },
        { id: `event-${index}`, created: 1_600_000_000_000 + index },
      ),
    );
  const session = await open('1.x', database);
  assert.equal(await session.write(events, never), { rejected: [] });
  await compare(database, events);
});

real('killed and started again: the same events are the same points', async () => {
  const database = await newDatabase('1.x', 'killed');
  const events = someEvents(300);
  const tools = sinkTools();
  const session = await open('1.x', database, { tools });
  await session.write(events.slice(0, 200), never);
  await server.kill9();
  const error = await thrown(session.write(events, never));
  assert.instance(error, TransientError);
  await server.start();
  await (await open('1.x', database, { tools })).write(events, never);
  assert.is(await count(database), 300);
});

real.run();
