// shares: rabbitmq
// waits: mostly
import dns from 'node:dns';
import { getDefaultAutoSelectFamilyAttemptTimeout, setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { logIn } from '../../src/broker/rabbitmq/check/log-in.js';
import { systemClock } from '../../src/clock.js';
import { loadConfig } from '../../src/config/load.js';
import { waitForDistantHosts } from '../../src/connect-attempts.js';
import { problemReport } from '../../src/settings/problems.js';
import { type DistantHost, distantHost } from '../helpers/distant-host.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { EventReceiver } from '../helpers/servers/event-receiver.js';
import { Ga4Server } from '../helpers/servers/ga4.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import { MongoStandIn } from '../helpers/servers/mongodb/stand-in.js';
import { sharedRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { sinkTools, someEvents } from '../helpers/sink-session.js';
import { required } from '../helpers/skip.js';

/**
 * E1 of every sink: a host whose connections take a second, with an IPv6 address that leads nowhere. Drivers and
 * `fetch` take the limit of one address from the process; none has one of its own.
 */
const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
const servers = {
  amplitude: new AmplitudeServer(),
  ga4: new Ga4Server(),
  influxdb: new InfluxdbStandIn(),
  mongodb: new MongoStandIn(),
  webhook: new EventReceiver(),
};
servers.amplitude.apiKeys.clear();
servers.amplitude.apiKeys.add('the-key');

const nodesOwnMs = getDefaultAutoSelectFamilyAttemptTimeout();
const ownLookup = dns.lookup;
const patience = new AbortController().signal;

const test = suite<{ host: DistantHost | undefined }>('sinks on slow networks with two kinds of addresses');

test.before(async () => {
  await Promise.all([
    servers.amplitude.start(),
    servers.ga4.start(),
    servers.influxdb.start(),
    servers.mongodb.listen(),
    servers.webhook.start(),
  ]);
});

test.after.each(async context => {
  dns.lookup = ownLookup;
  await context.host?.stop();
  context.host = undefined;
});

test.after(async () => {
  setDefaultAutoSelectFamilyAttemptTimeout(nodesOwnMs);
  const { amplitude, ga4, influxdb, mongodb, webhook } = servers;
  const all = [amplitude, ga4, influxdb, mongodb, webhook, rabbitmq];
  await Promise.all(all.map(server => server.stop()));
});

interface Destination {
  readonly port: () => number;
  /** For the sink that it names, with the host under its name. */
  readonly env: (host: string, port: number) => Record<string, string>;
  readonly ids: () => readonly unknown[];
}

const portIn = (origin: string): number => Number(new URL(origin).port);

const destinations: Record<string, Destination> = {
  Amplitude: {
    port: () => portIn(servers.amplitude.origin),
    env: (host, port) => ({
      AMPLITUDE_API_KEY: 'the-key',
      AMPLITUDE_SERVER_URL: `http://${host}:${port}/2/httpapi`,
    }),
    ids: () => servers.amplitude.accepted,
  },
  'Google Analytics': {
    port: () => portIn(servers.ga4.origin),
    env: (host, port) => ({
      GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
      GOOGLE_API_SECRET: 'the-secret',
      GOOGLE_SERVER_URL: `http://${host}:${port}`,
      GOOGLE_CLIENT_ID: '1234567890.1700000000',
    }),
    ids: () => servers.ga4.eventIds(),
  },
  'InfluxDB 2': {
    port: () => portIn(servers.influxdb.origin),
    env: (host, port) => ({
      INFLUXDB_URL: `http://${host}:${port}`,
      INFLUXDB_TOKEN: servers.influxdb.token,
      INFLUXDB_BUCKET: 'eventsink',
      INFLUXDB_ORG: 'clowder',
    }),
    ids: () => servers.influxdb.ids(),
  },
  Webhook: {
    port: () => portIn(servers.webhook.origin),
    env: (host, port) => ({ WEBHOOK_URL: `http://${host}:${port}`, WEBHOOK_SECRET: servers.webhook.secret }),
    ids: () => servers.webhook.ids,
  },
  MongoDB: {
    port: () => servers.mongodb.port,
    env: (host, port) => ({ MONGODB_URI: `mongodb://${host}:${port}/?directConnection=true` }),
    ids: () => servers.mongodb.collection('eventsink', 'events').find({}),
  },
};

/** The name of the host has the addresses that a slow network with two kinds of them has. */
async function distant(port: number): Promise<DistantHost> {
  const host = await distantHost(port);
  dns.lookup = ((name: string, ...rest: unknown[]) =>
    name === host.name
      ? host.lookup(name, {}, rest.at(-1) as never)
      : (ownLookup as (...all: unknown[]) => void)(name, ...rest)) as typeof dns.lookup;
  setTimeout(host.wake, 600);
  return host;
}

async function deliver(env: Record<string, string>): Promise<void> {
  const loaded = loadConfig({ env: { LOCAL_STORE: 'off', ...env }, readFile: () => '' });
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  for (const { definition, config } of loaded.config.sinks) {
    const session = await definition.open(config, sinkTools());
    try {
      await session.write(someEvents(3), patience);
    } finally {
      await session.close();
    }
  }
}

for (const [name, { port, env, ids }] of Object.entries(destinations)) {
  test(`${name}: events arrive at a host that is slow to connect to`, async context => {
    waitForDistantHosts();
    const host = await distant(port());
    context.host = host;
    const before = ids().length;
    await deliver(env(host.name, host.port));
    assert.is(ids().length - before, 3);
  });
}

test('RabbitMQ is reached there too', async context => {
  waitForDistantHosts();
  const { port, pathname, username, password } = new URL(rabbitmq.uri);
  const host = await distant(Number(port));
  context.host = host;
  const credentials = username === '' ? '' : `${username}:${password}@`;
  const { connection, product } = await logIn(`amqp://${credentials}${host.name}:${host.port}${pathname}`, systemClock);
  await connection.close();
  assert.is(product, 'RabbitMQ');
});

test('with what Node leaves an address by default, nothing arrives: this host is slow enough to show it', async context => {
  setDefaultAutoSelectFamilyAttemptTimeout(nodesOwnMs);
  const { port, env } = destinations['InfluxDB 2']!;
  const host = await distant(port());
  context.host = host;
  const failure = await deliver(env(host.name, host.port)).then(
    () => undefined,
    error => error,
  );
  assert.instance(failure, Error);
});

test.run();
