import { MongoClient } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { DeviceReader } from '../../src/people/devices.js';
import { compile as compileAmplitude } from '../../src/sinks/amplitude/compile.js';
import { compile as compileGa4 } from '../../src/sinks/ga4/compile.js';
import { influxdbSink } from '../../src/sinks/influxdb.js';
import { eventOf, openContext } from '../context/asking.js';
import { openMongoSink } from '../helpers/mongodb.js';
import { clowderId } from '../helpers/servers/clowder.js';
import { startInfluxDB } from '../helpers/servers/influxdb.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { sinkTools } from '../helpers/sink-session.js';
import { required } from '../helpers/skip.js';

/** An event that is delivered again when more is known of its resource is one event in every sink. */
const influxdb = required('influxdb', await startInfluxDB());
const mongodb = await startMongoDB();
const database = `event_sink_again_${process.pid}`;
const never = new AbortController().signal;

const file = clowderId('f1');
const dataset = clowderId('d1');
const space = clowderId('a1');

const test = suite('an event that comes again when more is known');
test.after(async () => {
  const client = await new MongoClient(mongodb.uri).connect();
  await client.db(database).dropDatabase();
  await client.close();
  await Promise.all([influxdb.stop(), mongodb.stop()]);
});

/** The same event as it is delivered while nothing is known of its file, while a little is, and while all is. */
async function deliveries(fields: Readonly<Record<string, unknown>> = {}): Promise<[Event, Event, Event]> {
  const { context } = await openContext();
  const received: Event = {
    ...eventOf({ category: 'view_resource', type: 'file', resource_id: file, created: 1_700_000_000_000, ...fields }),
    source: 'clowder',
  };
  const first = context.addTo(received);
  assert.is(first, received);
  context.hear(eventOf({ type: 'file', url: `/files/${file}?dataset=${dataset}`, resource_id: file }));
  const second = context.addTo(received);
  const where = { dataset_id: dataset, dataset_name: 'Rain', space_id: space, space_name: 'Weather' };
  context.hear(
    eventOf({ type: 'file', resource_id: file, resource_name: 'rain.csv', author_id: clowderId('a'), ...where }),
  );
  const third = context.addTo(received);
  const counts = [second, third].map(({ context: known }) => Object.keys(known ?? {}).length);
  assert.ok(counts[0]! > 0 && counts[1]! > counts[0]!, counts.join());
  await context.close();
  return [first, second, third];
}

for (const [title, tags] of Object.entries({
  'the usual tags': ['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id'],
  'its dataset among the tags': ['category', 'dataset_id', 'space_id', 'type'],
})) {
  test(`InfluxDB, with ${title}: one point, which has all that was known last`, async () => {
    const name = `again_${tags.length}`;
    const server = {
      version: 1,
      url: influxdb.url,
      user: undefined,
      password: '',
      database: name,
      gzip: false,
    } as const;
    const [first, second, third] = await deliveries();
    for (const event of [first, second, third, third]) {
      // Each time a new session, as after a restart.
      const session = await influxdbSink.open({ server, measurement: 'events', tags }, sinkTools());
      assert.equal(await session.write([event], never), { rejected: [] });
      await session.close();
    }
    const points = await influxdb.query('SELECT * FROM events', name);
    assert.is(points.length, 1);
    const shown = tags.includes('dataset_id') ? 'dataset_id_text' : 'dataset_id';
    assert.is(points[0]?.[shown], dataset);
    assert.is(points[0]?.space_name, 'Weather');
    const [counted] = await influxdb.query('SELECT count(event_id) FROM events', name);
    assert.is(counted?.count, 1);
    const series = await influxdb.query('SHOW SERIES', name);
    assert.is(series.length, 1);
  });
}

test('InfluxDB: a dataset that was received is a tag, as it always was', async () => {
  const server = {
    version: 1,
    url: influxdb.url,
    user: undefined,
    password: '',
    database: 'own',
    gzip: false,
  } as const;
  const session = await influxdbSink.open({ server, measurement: 'events', tags: ['dataset_id'] }, sinkTools());
  await session.write([eventOf({ category: 'upload', dataset_id: dataset })], never);
  await session.close();
  const points = await influxdb.query('SELECT * FROM events GROUP BY dataset_id', 'own');
  assert.equal(
    points.map(({ dataset_id }) => dataset_id),
    [dataset],
  );
});

test('MongoDB: one document, and no conflict; another event under its id still is one', async () => {
  const [first, second, third] = await deliveries();
  for (const [n, order] of [
    [first, second, third],
    [third, second, first],
  ].entries()) {
    const session = await openMongoSink(mongodb.uri, { database, collection: `again${n}` });
    const [one, ...again] = order;
    assert.equal(await session.write([one as Event], never), { rejected: [], duplicates: 0 });
    assert.equal(await session.write(again, never), { rejected: [], duplicates: 2 });
    const [, , other] = await deliveries({ resource_name: 'another file' });
    assert.equal((await session.write([other], never)).conflicts, [0]);
    await session.close();
  }
});

test('Amplitude and Google Analytics: the same id of the same visitor', async () => {
  const devices = new DeviceReader();
  for (const fields of [{}, { user_id: clowderId('7') }, { resource_id: undefined, file_id: file }]) {
    const events = await deliveries(fields);
    const sent = events.map(event => compileAmplitude(event, { devices }));
    assert.is(new Set(sent.map(({ insert_id, device_id }) => `${insert_id} ${device_id}`)).size, 1);
    assert.is(sent[2]?.event_properties?.space_name, 'Weather');
    const collected = events.map(event => compileGa4(event, { devices, clientId: undefined, now: 1_700_000_000_500 }));
    assert.is(new Set(collected.map(({ context }) => JSON.stringify(context))).size, 1);
    assert.is(collected[2]?.event.params.dataset_name, 'Rain');
  }
});

test.run();
