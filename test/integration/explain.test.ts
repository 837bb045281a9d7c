import { Decimal128, Long, MongoClient } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Explanation, Explanations, SinkExplanation } from '../../openapi/api-types.js';
import { systemClock } from '../../src/clock.js';
import { loadConfig } from '../../src/config/load.js';
import { contextNames } from '../../src/events/event.js';
import { memberTexts } from '../../src/events/json-text.js';
import { Explainer } from '../../src/explain/explainer.js';
import { extendedJson } from '../../src/sinks/mongodb/render.js';
import { sinks as registry } from '../../src/sinks/registry.js';
import { Database, type Value } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { fixtureFiles, fixtureLines } from '../events/fixtures.js';
import { TestDaemon } from '../helpers/daemon.js';
import { type Destinations, startDestinations } from '../helpers/destinations.js';
import { Random } from '../helpers/random.js';
import { type Exim, startExim } from '../helpers/servers/exim.js';
import { HubServer } from '../helpers/servers/hub.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';
import { linesOf } from '../sinks/archive/archived.js';

const test = suite<{
  destinations: Destinations;
  receiver: WebhookReceiver;
  exim: Exim;
  chat: StandIn;
  hub: HubServer;
  daemon: TestDaemon;
  env: Record<string, string>;
  /** Sinks at which what was explained was compared with what arrived. */
  compared: Set<string>;
}>('explain, and what arrives');
test.before(async context => {
  context.destinations = await startDestinations();
  context.exim = required('exim', await startExim());
  context.chat = new StandIn(() => ({ status: 200, body: 'ok' }));
  await context.chat.start();
  context.hub = new HubServer();
  await context.hub.start();
  context.compared = new Set();
  context.receiver = new WebhookReceiver();
  await context.receiver.server.start();
  context.env = {
    ...context.destinations.env,
    ...{ USAGE: 'on', USAGE_SOURCE: 'clowder', INFLUXDB_PERSONAL: 'pseudonym', GOOGLE_CATEGORIES: '!upload' },
    NOTIFY_WEBHOOK_URL: `${context.receiver.server.origin}/hook`,
    NOTIFY_WEBHOOK_SECRET: context.receiver.secret,
    NOTIFY_GROUP_WAIT_SECONDS: '0',
    ...{ SMTP_URL: `smtp://127.0.0.1:${context.exim.port}`, NOTIFY_EMAIL_TO: 'operators@example.org' },
    NOTIFY_SLACK_URL: `${context.chat.origin}/services/room`,
    ...{ USAGE_HUB_URL: context.hub.origin, USAGE_HUB_TOKEN: context.hub.token },
    ...{
      USAGE_PLATFORM: 'Example Archive',
      USAGE_PUBLISHER: 'Example University',
      USAGE_PUBLISHER_ID: 'grid:grid.9999.9',
    },
  };
  context.daemon = await new TestDaemon({ env: context.env }).start();
});
test.after(async ({ destinations, receiver, daemon, exim, chat, hub }) => {
  await daemon.remove();
  await Promise.all([destinations.stop(), receiver.server.stop(), exim.stop(), chat.stop(), hub.stop()]);
});

type Output = Readonly<Record<string, unknown>>;
/** What a destination holds, by the id of the event, in the form in which it is explained. */
type Held = ReadonlyMap<string, Output>;

/** Another id and time, and every other byte as it is. */
function at(line: string, id: string, created: number): string {
  const members = memberTexts(line);
  members.set('id', JSON.stringify(id)).set('created', String(created));
  return `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** Recorded events, but for heartbeats: they have the daemon watch a job, and say of it what nobody sent. */
const recorded = fixtureFiles.flatMap(fixtureLines).filter(line => !/"category": ?"heartbeat"/.test(line));

/** Without quotes and backslashes, which FerretDB cannot keep in a name. */
const names = ['note', 'größe', 'a b', 'x=y,z', '_private', 'time', 'user_name', 'url', 'n'];
const values = [
  ...['"plain"', '""', '"a,b=c d\\\\"', '"line\\nbreak"', '"\\ud83d\\ude00"', '"<b>"', '"someone@example.org"', 'true'],
  ...['0', '-1.5', '9007199254740993', '12345678901234567890', '1e400', 'null', '{"deep":[1,{"a":null}]}', '[1,2]'],
  ...[`"${'long '.repeat(300)}"`, '"https://example.org/?api_key=secret&x=1"', '"203.0.113.7"'],
];

/** An event of a kind that sinks know, with fields that nobody knows: each of its own name, as types are for good. */
function drawn(random: Random, index: number): string {
  const hex = (): string => Array.from({ length: 24 }, () => random.pick([...'0123456789abcdef'])).join('');
  const known: Record<string, unknown> = {
    category: random.pick(['view_resource', 'download', 'upload', 'portal_click', 'user_activity']),
    type: random.pick(['dataset', 'file', 'login']),
    resource_id: hex(),
    resource_name: random.pick(['Plots', 'Blätter', 'x'.repeat(120)]),
    ...(random.chance(0.5) ? { user_id: hex(), user_name: 'Ada Example' } : {}),
    ...(random.chance(0.5) ? { dataset_id: hex(), space_id: hex() } : {}),
    ...(random.chance(0.3) ? { size: random.integer(0, 1_000_000) } : {}),
    ...(random.chance(0.3)
      ? { user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
      : {}),
    ...(random.chance(0.1) ? { size: 'not a number' } : {}),
  };
  const odd = Array.from({ length: random.integer(0, 6) }, (_, n) => {
    return `${JSON.stringify(`${random.pick(names)}_${index}_${n}`)}:${random.pick(values)}`;
  });
  return `${JSON.stringify(known).slice(0, -1)}${odd.map(one => `,${one}`).join('')}}`;
}

const lines = (body: readonly string[]): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-ndjson' },
  body: body.join('\n'),
});

/** A hundred at most. */
async function explained(daemon: TestDaemon, events: readonly string[]): Promise<readonly Explanation[]> {
  const response = await daemon.request('/v1/explain', lines(events));
  assert.is(response.status, 200, await response.clone().text());
  const answer = (await response.json()) as Explanation | Explanations;
  return 'explanations' in answer ? answer.explanations : [answer];
}

async function send(daemon: TestDaemon, events: readonly string[]): Promise<number> {
  return (await daemon.request('/v1/events', lines(events))).status;
}

async function inMongodb({ mongodb, database }: Destinations): Promise<Held> {
  const client = await new MongoClient(mongodb.uri).connect();
  try {
    const found = await client.db(database).collection<{ _id: string }>('events').find().toArray();
    return new Map(found.map(one => [one._id, { document: extendedJson(one, { Long, Decimal128 }) }]));
  } finally {
    await client.close();
  }
}

async function inInfluxdb({ influxdb }: Destinations): Promise<Held> {
  const rows = await influxdb.query('SELECT * FROM events', 'eventsink');
  return new Map(rows.map(({ time, ...row }) => [String(row.event_id), { time: nanoseconds(String(time)), ...row }]));
}

/** From a time as InfluxQL shows it: 2026-01-01T00:00:00.000000042Z. */
function nanoseconds(time: string): string {
  const [seconds = '', fraction = ''] = time.slice(0, -1).split('.');
  return String(BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0')));
}

/** Each column as it is explained. */
async function inPostgresql({ postgresql }: Destinations): Promise<Held> {
  const time = (name: string): string =>
    `to_char(${name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ${name}`;
  const columns = 'id, category, type, user_id, resource_id, resource_name, dataset_id, space_id, source';
  const rows = await postgresql.query(
    `SELECT ${columns}, ${time('created')}, ${time('received')}, body::text AS body FROM events`,
  );
  return new Map(rows.map(({ body, ...row }) => [String(row.id), { row: { ...row, body: JSON.parse(String(body)) } }]));
}

function atMatomo({ matomo }: Destinations): Held {
  return new Map(matomo.hits.map(hit => [String(hit.dimension1), { request: hit }]));
}

async function inArchive({ archive }: Destinations): Promise<Held> {
  const lines = await linesOf({ place: { folder: archive } });
  return new Map(lines.map(line => [(JSON.parse(line) as { id: string }).id, { event: JSON.parse(line) }]));
}

function atGa4({ ga4 }: Destinations): Held {
  return new Map(
    ga4.hits.map(({ request: { events: _all, ...context }, name, timestampMicros, params }) => {
      const event = { name, timestamp_micros: timestampMicros, params };
      return [String(params.event_id), { request: { ...context, events: [event] } }];
    }),
  );
}

async function inLocalStore(daemon: TestDaemon): Promise<Held> {
  return new Map((await daemon.stored()).map(event => [event.id, { event }]));
}

/** Once the daemon has ended. */
function inUsage(daemon: TestDaemon): Held {
  const database = new Database(databaseFile(daemon.dir));
  const columns = database.rows<[number, string]>('PRAGMA table_info(usage_accesses)').map(([, name]) => name);
  const rows = database.rows<Value[]>(`SELECT ${columns.join(', ')} FROM usage_accesses`);
  database.close();
  const accesses = rows.map(row => Object.fromEntries(columns.map((name, column) => [name, row[column]])));
  return new Map(accesses.map(access => [String(access.id), { access }]));
}

/** What only the arrival decides, or says in another form, is left out on both sides. */
const comparable: Readonly<Record<string, (output: Output, held: boolean) => unknown>> = {
  // FerretDB keeps a number beyond 64 bits as text, where MongoDB has a Decimal128.
  mongodb: output => withoutDecimals(output),
  influxdb: (output, held) => {
    const { measurement: _measurement, line: _line, tags, fields, ...rest } = output as Record<string, object>;
    const entries = Object.entries(held ? output : { ...rest, ...tags, ...fields });
    // InfluxQL answers in doubles, and with null for what other points have.
    return Object.fromEntries(
      entries
        .filter(([, value]) => value !== null)
        .map(([name, value]) => [name, name === 'time' ? value : String(value)]),
    );
  },
  amplitude: output => output,
  ga4: output => output,
  webhook: ({ event }) => without(event as Output, ['_received']),
  postgresql: ({ row }) => without(row as Output, ['received']),
  matomo: output => output,
  archive: ({ event }) => without(event as Output, ['_received']),
  local: ({ event }) => without(event as Output, ['_received', ...contextNames]),
  usage: ({ access }) => access,
};

function withoutDecimals(value: unknown): unknown {
  if (typeof value === 'string' && /^-?\d[\d.]*(?:e[+-]?\d{1,3})?$/i.test(value) && /\d{16}|e/i.test(value))
    return Decimal128.fromString(value).toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutDecimals);
  const { $numberDecimal: decimal } = value as { $numberDecimal?: string };
  if (decimal !== undefined) return decimal;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutDecimals(inner)]));
}

function without(output: Output, left: readonly string[]): Output {
  return Object.fromEntries(Object.entries(output).filter(([name]) => !left.includes(name)));
}

/** As text: names such as `constructor` mislead a comparison of objects. */
function inOrder(value: unknown): string {
  const sorted = (inner: unknown): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner;
    if (Array.isArray(inner)) return inner.map(sorted);
    const names = Object.keys(inner).sort();
    return Object.fromEntries(names.map(name => [name, sorted((inner as Output)[name])]));
  };
  return JSON.stringify(sorted(value), undefined, 1);
}

/** What the daemon makes itself, and nobody may send: explained by what the daemon explains with. */
async function explainedHere(
  env: Record<string, string>,
  made: Output,
  source: 'notification' | 'usage',
): Promise<Explanation['sinks']> {
  const loaded = loadConfig({ env, readFile: () => '' });
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const explainer = new Explainer({ sinks: loaded.config.sinks, idSecret: 'of the test', clock: systemClock });
  const arriving = { id: String(made.id), body: JSON.stringify(made), source, received: Date.now() };
  return (await explainer.explain({ ...arriving, redelivered: false })).sinks as Explanation['sinks'];
}

const outcomeOf = ({ sinks }: Explanation, sink: string): SinkExplanation => sinks[sink]!;

test('the notification that was explained is the one that is sent, by each channel', async context => {
  const { daemon, receiver, exim, chat } = context;
  const created = Date.now();
  const line = JSON.stringify({ category: 'service_status', type: 'down', service_name: 'clowder', created });
  const [explanation] = await explained(daemon, [line]);
  const { rules } = outcomeOf(explanation!, 'notify').output as unknown as {
    rules: { channels: string[]; message: { type: string; subject: string; message: string; severity: string } }[];
  };
  assert.is(await send(daemon, [line]), 202);
  await until(() => receiver.bodies.length > 0, 'a notification');
  const [{ kind, subject, message, severity }] = receiver.bodies as unknown as [Record<string, unknown>];
  assert.equal({ type: kind, subject, message, severity, after_seconds: 0 }, rules[0]?.message);
  assert.equal([...(rules[0]?.channels ?? [])].sort(), ['notify.email', 'notify.slack', 'notify.webhook']);
  // What the daemon made of it is an event, too: what becomes of that at each channel.
  const [notification] = await until(async () => {
    const found = await daemon.stored('notification');
    return found.length > 0 ? found : undefined;
  }, 'a stored notification');
  const { _source, _received, ...made } = notification as unknown as Output;
  const sinks = await explainedHere(context.env, made, 'notification');
  const output = (sink: string): Output => sinks[sink]?.output ?? {};
  assert.equal(output('notify.webhook').body, receiver.bodies[0]);
  const room = await until(() => chat.asked.find(({ method }) => method === 'POST'), 'a message in the room');
  assert.equal(output('notify.slack').body, JSON.parse(room.body));
  const [mail] = await until(async () => {
    const mails = await exim.mails();
    return mails.length > 0 ? mails : undefined;
  }, 'a mail');
  const composed = output('notify.email').mail as { subject: string; messageId: string; text: string };
  assert.is(mail?.headers.get('message-id'), composed.messageId);
  assert.is(mail?.headers.get('subject'), composed.subject);
  for (const line of composed.text.split('\n')) assert.ok(mail?.text.includes(line.trim()), line);
  for (const sink of ['notify', 'notify.webhook', 'notify.slack', 'notify.email']) context.compared.add(sink);
});

test('the report that a submission was explained to be is the one that reaches the hub, and what is refused is not', async context => {
  const { daemon, hub, env } = context;
  const created = Date.now() - 40 * 86_400_000;
  const month = new Date(created).toISOString().slice(0, 7);
  const used = { category: 'download', type: 'dataset', resource_id: '65a3dea71616158972863777', size: 17, created };
  assert.is(await send(daemon, [JSON.stringify({ ...used, id: 'used-0' })]), 202);
  await daemon.drained();

  const line = JSON.stringify({ category: 'usage_submission', month, id: 'asked-0', created: Date.now() });
  const [fromOutside] = await explained(daemon, [line]);
  assert.is(await send(daemon, [line]), 202);
  const dead = await until(async () => {
    const { dead_letters: all } = await daemon.json('/v1/dead-letters?sink=hub');
    return all.find(({ id }) => id === 'asked-0');
  }, 'a dead letter');
  assert.equal(outcomeOf(fromOutside!, 'hub').outcome, 'refused');
  assert.is(outcomeOf(fromOutside!, 'hub').reason, dead.reason);
  assert.equal(hub.months(), []);

  const submit = async (query: string): Promise<void> => {
    const response = await daemon.request(`/v1/usage/months/${month}/submit${query}`, { method: 'POST' });
    assert.ok(response.ok, await response.text());
  };
  const explainedAs = async (more: object): Promise<unknown> => {
    const made = { id: 'made-0', category: 'usage_submission', created: Date.now(), month, ...more };
    return (await explainedHere(env, made, 'usage')).hub?.output;
  };
  await submit('');
  await until(() => hub.reports.size > 0, 'a report at the hub');
  assert.equal(await explainedAs({}), { month: hub.months().join() });
  const [id = ''] = hub.reports.keys();
  await submit(`?report_id=${id}`);
  await until(() => (hub.writes.get(id) ?? 0) > 1, 'the report in place of the one before');
  const replaced = hub.asked
    .findLast(({ method }) => method === 'PUT')
    ?.url.pathname.split('/')
    .at(-1);
  assert.equal(await explainedAs({ report_id: id }), { month: hub.months().join(), report_id: replaced });
  context.compared.add('hub');
});

test('what was explained is what arrives, field by field, for recorded and for random events', async context => {
  const { daemon, destinations } = context;
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed);
  const now = Date.now() - 600_000;
  // What they teach of resources is known before any of them is explained.
  const teaching = recorded.map((line, index) => at(line, `teaches-${index}`, now - 7_200_000 + index));
  assert.is(await send(daemon, teaching), 202);
  await daemon.drained();
  const events = [
    ...recorded.map((line, index) => at(line, `recorded-${index}`, now - 3_600_000 + index * 10)),
    ...Array.from({ length: 150 }, (_, index) => at(drawn(random, index), `random-${index}`, now + index * 10)),
    at('{"category":"download","type":"file"}', 'old-0', now - 80 * 3_600_000),
  ];
  const explanations = new Map<string, Explanation>();
  const accepted: string[] = [];
  for (let first = 0; first < events.length; first += 100) {
    const some = events.slice(first, first + 100);
    for (const [index, explanation] of (await explained(daemon, some)).entries()) {
      const event = some[index]!;
      if (explanation.event === null) {
        assert.is(await send(daemon, [event]), 400, `seed ${seed}: ${event}`);
        continue;
      }
      accepted.push(event);
      explanations.set(explanation.event.id, explanation);
    }
  }
  assert.is(await send(daemon, accepted), 202, `seed ${seed}`);
  assert.ok(accepted.length > 200 && accepted.length < events.length, `${accepted.length} were accepted`);
  await daemon.drained();
  const dead = new Map(
    (await daemon.json('/v1/dead-letters?limit=1000')).dead_letters.map(({ sink, id, reason }) => [
      `${sink} ${id}`,
      reason,
    ]),
  );
  const held: Record<string, Held> = {
    mongodb: await inMongodb(destinations),
    influxdb: await inInfluxdb(destinations),
    amplitude: new Map(destinations.amplitude.accepted.map(event => [String(event.insert_id), { event }])),
    ga4: atGa4(destinations),
    postgresql: await inPostgresql(destinations),
    matomo: atMatomo(destinations),
    archive: await inArchive(destinations),
    webhook: new Map([...destinations.webhook.events].map(([id, event]) => [id, { event }])),
    local: await inLocalStore(daemon),
  };
  await daemon.kill('SIGTERM');
  held.usage = inUsage(daemon);

  const seen: Record<string, number> = {};
  for (const [sink, there] of Object.entries(held)) {
    for (const [id, explanation] of explanations) {
      const { outcome, output = {}, reason } = outcomeOf(explanation, sink);
      const place = `${sink}, ${id}, seed ${seed}`;
      const refusal = dead.get(`${sink} ${id}`);
      seen[`${sink} ${outcome}`] = (seen[`${sink} ${outcome}`] ?? 0) + 1;
      const found = there.get(id);
      // FerretDB takes less than MongoDB, whose rules are explained: it says so itself.
      if (refusal !== undefined && outcome === 'delivered' && destinations.mongodb.kind === 'ferretdb') {
        assert.is(sink, 'mongodb', `${place}: ${refusal}`);
        continue;
      }
      assert.is(refusal, outcome === 'refused' ? reason : undefined, place);
      assert.is(found !== undefined, outcome === 'delivered', `${place}: ${outcome} ${reason}`);
      if (found === undefined) continue;
      const compare = comparable[sink]!;
      assert.is(inOrder(compare(found, true)), inOrder(compare(output, false)), place);
    }
  }
  for (const sink of Object.keys(held)) {
    assert.ok((seen[`${sink} delivered`] ?? 0) > 20, JSON.stringify(seen));
    context.compared.add(sink);
  }
  for (const other of ['ga4 filtered', 'ga4 too_old', 'usage ignored', 'usage filtered', 'amplitude filtered'])
    assert.ok((seen[other] ?? 0) > 0, JSON.stringify(seen));
});

test('no kind of sink is left out here', ({ compared }) => {
  assert.equal([...compared].sort(), registry.map(({ name }) => name).sort());
});

test.run();
