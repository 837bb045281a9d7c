// timeout: 120 s
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { clowder1, clowderId } from '../helpers/servers/clowder.js';
import { startInfluxDB } from '../helpers/servers/influxdb.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { required } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** A file that nobody spoke of but the access log, by its id. */
const file = clowderId('f1');
const dataset = clowderId('d1');
const space = clowderId('a1');
const known = {
  resource_name: 'rain.csv',
  file_id: file,
  dataset_id: dataset,
  dataset_name: 'Rain',
  space_id: space,
  space_name: 'Weather',
};
const influxdb = required('influxdb', await startInfluxDB());
const mongodb = await startMongoDB();
const database = `event_sink_context_${process.pid}`;
const client = await new MongoClient(mongodb.uri).connect();
const documents = client.db(database).collection<{ _id: string; url: string }>('events');
const clowder = clowder1({
  files: { [file]: { name: 'rain.csv', dataset } },
  datasets: { [dataset]: { name: 'Rain', spaces: [space] } },
  spaces: { [space]: 'Weather' },
  adminKey: 'admin',
});
await clowder.start();
const folder = temporaryFolder();
const log = join(folder.path, 'access.log');
writeFileSync(log, '');
const daemon = new TestDaemon({
  env: {
    MONGODB_URI: mongodb.uri,
    MONGODB_DATABASE: database,
    INFLUXDB_HOST: '127.0.0.1',
    INFLUXDB_PORT: String(influxdb.port),
    NGINX_ACCESS_LOG: log,
    NGINX_TRAFFIC_EVENTS: 'views',
    CLOWDER_URL: clowder.origin,
    CLOWDER_API_KEY: 'admin',
  },
});

const test = suite('a file that only the log names');
test.before(async () => void (await daemon.start()));
test.after(async () => {
  await daemon.remove();
  await client.db(database).dropDatabase();
  await client.close();
  await Promise.all([clowder.stop(), influxdb.stop(), mongodb.stop()]);
  folder.remove();
});

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
let seen = 0;

/** Somebody looks at the file's page: the event as each place has it, found by its address. */
async function viewed(): Promise<Record<string, unknown>[]> {
  const target = `/files/${file}?visit=${++seen}`;
  const time = `${new Date().toUTCString().replace(/^\w+, (\d+) (\w+) (\d+) (.*) GMT$/, '$1/$2/$3:$4')} +0000`;
  appendFileSync(log, `192.0.2.7 - - [${time}] "GET ${target} HTTP/1.1" 200 512 "-" "${agent}"\n`);
  const url = `${clowder.origin}${target}`;
  const stored = await until(
    async () => (await daemon.json('/v1/events?category=page_view')).events.find(event => event.url === url),
    'the event in the local store',
  );
  const document = await until(async () => (await documents.findOne({ url })) ?? undefined, 'the document');
  const [point] = await until(async () => {
    const rows = await influxdb.query(`SELECT * FROM events WHERE url = '${url}'`, 'eventsink');
    return rows.length === 1 && rows;
  }, 'the point');
  return [stored, { ...document }, { ...point }];
}

test('arrives in every sink with its dataset and space, once Clowder has been asked', async () => {
  const [first] = await viewed();
  await until(async () => {
    const { events } = await daemon.json('/v1/events?category=page_view');
    return events.find(({ id }) => id === first?.id)?.space_name === 'Weather';
  }, 'what Clowder says, beside the first event too');
  const { length } = clowder.asked;
  for (const event of await viewed()) {
    assert.equal(Object.fromEntries(Object.keys(known).map(name => [name, event[name]])), known);
    assert.is(event.resource_id, file);
  }
  assert.is(clowder.asked.length, length);
  const { context } = await daemon.json('/v1/status');
  assert.equal([context.clowder, context.waiting, context.obstacle], [1, 0, null]);
});

test('what was received stays as it came', async () => {
  const [stored] = (await daemon.json('/v1/events?category=page_view')).events;
  const { _id, created_at, ...document } = (await documents.findOne({ _id: stored?.id ?? '' })) as Record<
    string,
    unknown
  > & {
    _id: string;
  };
  const { id, _source, _received, ...rest } = stored ?? {};
  assert.is(_id, id);
  assert.equal(document, rest);
});

test('after a restart too, with Clowder away, which keeps no event waiting', async () => {
  assert.is(await daemon.kill('SIGTERM'), 0);
  await clowder.stop();
  await daemon.start();
  for (const event of await viewed()) assert.is(event.space_name, 'Weather');
  const other = clowderId('f2');
  await daemon.post({ category: 'view_resource', type: 'file', resource_id: other });
  await until(async () => (await daemon.json('/v1/status')).context.obstacle !== null, 'the problem');
  const { problems, context } = await daemon.json('/v1/status');
  assert.match(context.obstacle?.reason ?? '', /refused the connection/);
  assert.ok(problems.some(({ what }) => what.startsWith('Clowder does not say')));
  await daemon.logged('clowder.unanswered');
  assert.is(daemon.output.match(/clowder\.unanswered/g)?.length, 1);
  await until(async () => (await documents.findOne({ resource_id: other } as never)) !== null, 'the event in MongoDB');
});

test.run();
