// timeout: 180 s
// shares: rabbitmq
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { portOf } from '../helpers/ports.js';
import { startInfluxDB } from '../helpers/servers/influxdb.js';
import { startNginx } from '../helpers/servers/nginx.js';
import { sharedRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

/**
 * What was asked for, row by row: each kind of event begins at its real source (Clowder's exchange, the API, an nginx
 * with its log, a server that is pinged) and ends in the local store and in InfluxDB.
 */
const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
const influxdb = required('influxdb', await startInfluxDB());
const nginx = required('nginx', await startNginx());
const pinged = createServer((_request, response) => response.end('{"status":"ok"}')).listen(0, '127.0.0.1');
await once(pinged, 'listening');

const daemon = new TestDaemon({
  env: {
    RABBITMQ_URI: rabbitmq.uri,
    INFLUXDB_HOST: '127.0.0.1',
    INFLUXDB_PORT: String(influxdb.port),
    INFLUXDB_LINGER_MS: '50',
    NGINX_ACCESS_LOG: nginx.accessLog,
    NGINX_WINDOW_SECONDS: '1',
    NGINX_TRAFFIC_EVENTS: 'views,downloads,api',
    HEALTH_TARGETS: `clowder=http://127.0.0.1:${portOf(pinged)}/healthz`,
    HEALTH_INTERVAL_SECONDS: '1',
    HEALTH_TIMEOUT_SECONDS: '1',
  },
});
await daemon.start();

const test = suite('asked for, from the source to the store');
test.after(async () => {
  await daemon.remove();
  pinged.closeAllConnections();
  await Promise.all([nginx.stop(), influxdb.stop(), rabbitmq.stop(), new Promise(closed => pinged.close(closed))]);
});

/** A recorded event of Clowder's, as it would come now. */
function recorded(category: string, type?: string): Record<string, unknown> {
  const events = ['clowder', 'requested']
    .flatMap(name => readFileSync(`fixtures/events/${name}.ndjson`, 'utf8').split('\n'))
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Record<string, unknown>);
  const found = events.find(event => event.category === category && event.type === type);
  if (found === undefined) throw new Error(`no recorded ${category} ${type ?? ''}`);
  return { ...found, created: Date.now() };
}

async function clowderPublishes(event: Record<string, unknown>): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  channel.publish('clowder.metrics', '', Buffer.from(JSON.stringify(event)));
  await channel.waitForConfirms();
  await channel.close();
  await connection.close();
}

type Row = Record<string, unknown>;

/** The event in the local store, and the point of the same id in InfluxDB. */
async function arrived(category: string, fits: (event: Row) => boolean): Promise<{ stored: Row; point: Row }> {
  const found = async <T>(look: () => Promise<T | undefined>, what: string): Promise<T> => {
    const seen: T[] = [];
    await until(
      async () => {
        const one = await look();
        if (one !== undefined) seen.push(one);
        return one !== undefined;
      },
      what,
      20_000,
    );
    return seen[0]!;
  };
  const stored: Row = await found(
    async () => (await daemon.stored(category)).find(fits),
    `${category} in the local store`,
  );
  const query = `SELECT * FROM events WHERE event_id = '${stored.id}'`;
  const points = () => influxdb.query(query, 'eventsink').catch(() => []);
  const point = await found<Row>(async () => (await points())[0], `${category} in InfluxDB`);
  return { stored, point };
}

for (const [what, category, type] of [
  ['storage: upload', 'upload', undefined],
  ['extractions: a file is sent to an extractor', 'extraction', 'file'],
  ['traffic: a dataset is viewed', 'view_resource', 'dataset'],
  ['traffic: a file is downloaded', 'download', 'file'],
  ['users: login', 'user_activity', 'login'],
] as const) {
  test(`${what}, published by Clowder`, async () => {
    const event = recorded(category, type);
    await clowderPublishes(event);
    const { stored, point } = await arrived(category, found => found.created === event.created);
    assert.is(stored._source, 'clowder');
    assert.is(stored.user_id, event.user_id);
    assert.is(point.category, category);
    assert.is(point.user_id, event.user_id);
    if (event.size !== undefined) assert.is(point.size, event.size);
  });
}

for (const [what, category, type] of [
  ['storage: delete', 'delete', 'file'],
  ['extractions: queued', 'extraction_status', 'queued'],
  ['extractions: working', 'extraction_status', 'working'],
] as const) {
  test(`${what}, sent to the API`, async () => {
    const event = recorded(category, type);
    assert.is((await daemon.post(event)).status, 202);
    const { stored, point } = await arrived(category, found => found.type === type && found.created === event.created);
    assert.is(stored._source, 'http');
    assert.is(point.type, type);
  });
}

test('traffic: page views with their url, downloads with their bytes, and API calls, from the log of a real nginx', async () => {
  const id = '65fd8f8b72b6e319f3c4706e';
  const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0' };
  for (const path of [`/datasets/${id}?space=`, `/files/${id}/blob`, '/api/datasets?key=secret-of-mine'])
    await (await fetch(nginx.url + path, { headers })).arrayBuffer();
  const view = await arrived('page_view', event => event.resource_id === id);
  assert.match(String(view.stored.url), `/datasets/${id}`);
  assert.is(view.stored._source, 'nginx');
  const download = await arrived('resource_download', event => event.resource_id === id);
  assert.ok(Number(download.stored.bytes) > 0);
  assert.is(download.point.bytes, download.stored.bytes);
  const call = await arrived('api_call', event => String(event.url).includes('/api/datasets'));
  assert.not.match(JSON.stringify(call), 'secret-of-mine');
});

test('connections: the number in a period, from the log of a real nginx', async () => {
  const { stored, point } = await arrived('connections', event => Number(event.requests) > 0);
  assert.is(stored.window_seconds, 1);
  assert.ok(Number(stored.connections) >= 1);
  assert.is(point.requests, stored.requests);
});

test('health: a ping with its response time', async () => {
  const { stored, point } = await arrived('health', event => event.service_name === 'clowder');
  assert.is(stored.healthy, true);
  assert.ok(Number(stored.response_time_avg) > 0);
  assert.is(point.response_time_avg, stored.response_time_avg);
  assert.is(stored._source, 'health');
});

test('an outage, declared in an emergency over the light API', async () => {
  const body = JSON.stringify({ service_name: 'clowder', status: 'down', message: 'the disk is broken' });
  const headers = { 'content-type': 'application/json' };
  assert.is((await daemon.request('/v1/service-status', { method: 'POST', headers, body })).status, 202);
  const { point } = await arrived('service_status', event => event.message === 'the disk is broken');
  assert.is(point.type, 'down');
});

test.run();
