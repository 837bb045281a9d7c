// timeout: 300 s
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { statementsFor } from '../../src/sinks/postgresql/statements.js';
import { TestDaemon } from '../helpers/daemon.js';
import { EventReceiver } from '../helpers/servers/event-receiver.js';
import { MatomoServer } from '../helpers/servers/matomo.js';
import { startPostgreSQL } from '../helpers/servers/postgresql.js';
import { required } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** By hand: `npm run proof -- sinks`, ten thousand of them. */
const total = Number(process.env.SINK_EVENTS ?? 200);
/** The daemon and every server are killed in each. */
const rounds = Math.max(2, Math.round(total / 1_000));
const perRequest = 50;
/** Without what the daemon says of itself when a sink is away for long. */
const categories = 'upload';
const matomoBatch = 40;
const sinks = ['webhook', 'webhook.portal', 'postgresql', 'matomo'] as const;

const postgresql = required('postgresql', await startPostgreSQL());
const folder = temporaryFolder();
const file = join(folder.path, 'sinks.yaml');
const receiver = new EventReceiver();
const portal = new EventReceiver();
const matomo = new MatomoServer();

const test = suite<{ daemon: TestDaemon }>('kill -9 of the daemon and of what it writes to');

test.before(async context => {
  await Promise.all([receiver, portal, matomo].map(server => server.start()));
  receiver.refuses = ({ poison }) => poison === 'webhook';
  portal.refuses = ({ data }) => (data as { poison?: string }).poison === 'webhook.portal';
  matomo.refuses = ({ e_n }) => e_n === 'poison of matomo';
  await postgresql.query(statementsFor('events').create);
  await postgresql.query(`ALTER TABLE events ADD CHECK (body->>'poison' IS DISTINCT FROM 'postgresql')`);
  const named = { kind: 'webhook', name: 'portal', url: portal.origin, secret: portal.secret };
  writeFileSync(file, JSON.stringify({ sinks: [{ ...named, format: 'cloudevents', gzip: 'on', categories }] }));
  context.daemon = new TestDaemon({
    env: {
      EVENT_SINK_CONFIG: file,
      LOCAL_STORE: 'off',
      WEBHOOK_URL: receiver.origin,
      WEBHOOK_SECRET: receiver.secret,
      POSTGRESQL_URI: postgresql.uri(),
      MATOMO_URL: matomo.origin,
      MATOMO_SITE_ID: '1',
      MATOMO_TOKEN: matomo.token,
      MATOMO_ID_DIMENSION: '1',
      ...{ WEBHOOK_CATEGORIES: categories, POSTGRESQL_CATEGORIES: categories, MATOMO_CATEGORIES: categories },
      MATOMO_BATCH_SIZE: String(matomoBatch),
    },
  });
});
test.after(async ({ daemon }) => {
  await daemon.remove();
  await Promise.all([receiver, portal, matomo, postgresql].map(server => server.stop()));
  folder.remove();
});

/** One in a hundred is poison for one of the sinks, in turn. */
function eventOf(number: number) {
  const poison = number % 100 === 7 ? sinks[Math.floor(number / 100) % sinks.length] : undefined;
  const name = poison === 'matomo' ? 'poison of matomo' : `file ${number}`;
  return {
    ...{ id: `event-${number}`, category: 'upload', resource_name: name, size: number, created: 1_790_000_000_000 },
    ...(poison === undefined ? {} : { poison }),
  };
}

/** Whoever gets no answer sends the same again. */
async function send(daemon: TestDaemon, events: readonly object[]): Promise<void> {
  await until(async () => (await daemon.post(events)).status === 202, 'a 202', 60_000, 50);
}

async function strike(daemon: TestDaemon, round: number): Promise<void> {
  const servers = async (): Promise<void> => {
    await Promise.all([receiver.stop(), portal.stop(), matomo.stop(), postgresql.kill9()]);
  };
  if (round % 2 === 0) await Promise.all([servers(), daemon.kill('SIGKILL')]);
  else await daemon.kill('SIGKILL').then(servers);
  await Promise.all([receiver.start(), portal.start(), matomo.start(), postgresql.start(), daemon.start()]);
}

test(`${total} events, ${rounds} times: each is everywhere once, or a dead letter there; nothing else is`, async ({
  daemon,
}) => {
  await daemon.start();
  const all = Array.from({ length: total }, (_, number) => eventOf(number));
  const perRound = Math.ceil(total / rounds);
  for (let round = 0; round < rounds; round += 1) {
    const events = all.slice(round * perRound, (round + 1) * perRound);
    const requests = Array.from({ length: Math.ceil(events.length / perRequest) }, (_, index) =>
      events.slice(index * perRequest, (index + 1) * perRequest),
    );
    // Twins: some come a second time, in a request of their own.
    const twins = events.filter((_event, index) => index % 20 === 3);
    const sending = (async () => {
      for (const request of requests) await send(daemon, request);
      await send(daemon, twins);
    })();
    await new Promise(resolve => setTimeout(resolve, 30 + ((round * 37) % 200)));
    await strike(daemon, round);
    await sending;
  }
  await daemon.drained(240_000);

  const rows = await postgresql.query('SELECT id, body FROM events');
  const tracked = matomo.hits.map(({ dimension1 }) => String(dimension1));
  const found: Readonly<Record<(typeof sinks)[number], readonly string[]>> = {
    webhook: receiver.ids,
    'webhook.portal': portal.ids,
    postgresql: rows.map(({ id }) => String(id)),
    matomo: [...new Set(tracked)],
  };
  for (const sink of sinks) {
    const bad = all.filter(event => event.poison === sink).map(({ id }) => id);
    const good = all.filter(event => event.poison !== sink).map(({ id }) => id);
    const there = new Set(found[sink]);
    assert.equal(
      good.filter(id => !there.has(id)),
      [],
      `missing at ${sink}`,
    );
    assert.equal([there.size, found[sink].length], [good.length, good.length], `what ${sink} has more`);
    const { dead_letters } = await daemon.json(`/v1/dead-letters?sink=${sink}&limit=1000`);
    assert.equal([...new Set(dead_letters.map(({ id }) => id))].sort(), bad.sort(), `dead letters of ${sink}`);
  }
  const sent = new Map(all.map(event => [event.id, event]));
  for (const { id, body } of rows) assert.equal(body, sent.get(String(id)));
  assert.equal([...receiver.violations, ...portal.violations, ...matomo.violations], []);
  // A batch that Matomo had tracked when the daemon died before it knew.
  const doubled = tracked.length - found.matomo.length;
  assert.ok(doubled <= rounds * matomoBatch, `${doubled} at Matomo twice`);
  const ledger = await daemon.json('/v1/ledger');
  assert.ok(ledger.balanced, JSON.stringify(ledger));
  console.log(`${rounds} kills, ${doubled} of ${total} at Matomo twice, ${receiver.repeats} to the webhook again`);
});

test.run();
