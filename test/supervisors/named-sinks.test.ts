import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { invoke } from '../cli/invoke.js';
import { TestDaemon } from '../helpers/daemon.js';
import { EventReceiver } from '../helpers/servers/event-receiver.js';
import { MongoStandIn } from '../helpers/servers/mongodb/stand-in.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const folder = temporaryFolder();
const servers = { archive: new MongoStandIn(), portal: new MongoStandIn() };
const receiver = new EventReceiver();
const file = join(folder.path, 'c.yaml');
const daemon = new TestDaemon({ env: { EVENT_SINK_CONFIG: file } });

test.before(async () => {
  const entries = await Promise.all(
    Object.entries(servers).map(async ([name, server]) => {
      await server.listen();
      return `  - { kind: mongodb, name: ${name}, uri: "${server.uri}" }`;
    }),
  );
  await receiver.start();
  entries.push(`  - { kind: webhook, name: portal, url: "${receiver.origin}", secret: "${receiver.secret}" }`);
  writeFileSync(file, `sinks:\n${entries.join('\n')}\n`);
  await daemon.start();
});

test.after(async () => {
  await daemon.kill('SIGTERM');
  await daemon.remove();
  for (const server of [...Object.values(servers), receiver]) await server.stop();
  assert.equal(receiver.violations, []);
  folder.remove();
});

const idsAt = (server: MongoStandIn): unknown[] =>
  server
    .collection('eventsink', 'events')
    .find({})
    .map(({ _id }) => _id);
const commandLine = (...args: string[]) =>
  invoke(args, {
    env: { ...daemon.env, DATA_DIR: daemon.dir, EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: daemon.key, PORT: '0' },
  });
const rowsOf = (out: string): Record<string, unknown>[] => out.split('\n').map(line => JSON.parse(line));

test('each has every event, and is named in the status, the metrics, the log and the ledger', async () => {
  assert.is((await daemon.post({ category: 'upload', id: 'one' })).status, 202);
  await until(() => Object.values(servers).every(server => idsAt(server).length === 1), 'the event at both');
  await until(() => receiver.ids.length === 1, 'the event at the webhook');
  const get = async (path: string) => (await daemon.request(path)).text();
  const { sinks, actors } = JSON.parse(await get('/v1/status'));
  assert.equal(
    sinks.map(({ sink, title, queue }: Record<string, string>) => [sink, title, queue]),
    [
      ['local', 'Local store', 'event-sink.local'],
      ['mongodb.archive', 'MongoDB (archive)', 'event-sink.mongodb.archive'],
      ['mongodb.portal', 'MongoDB (portal)', 'event-sink.mongodb.portal'],
      ['webhook.portal', 'Webhook (portal)', 'event-sink.webhook.portal'],
    ],
  );
  const paths = JSON.stringify(actors);
  await until(() => daemon.output.includes('"sink":"mongodb.portal"'), 'a log line of mongodb.portal');
  for (const sink of ['mongodb.archive', 'mongodb.portal', 'webhook.portal']) {
    assert.match(paths, `delivery/${sink}/sink`);
    assert.match(await get('/metrics'), `sink="${sink}"`);
    assert.ok(
      JSON.parse(await get('/v1/ledger')).sinks.some((row: { sink: string }) => row.sink === sink),
      sink,
    );
  }
});

test('dead letters of one are listed and sent again under its name, and touch no other', async () => {
  assert.is((await daemon.post({ category: 'upload', id: 'bad', _bsontype: 'Long' })).status, 202);
  const dead = async () => {
    const { out } = await commandLine('dead-letters', 'list', '--sink', 'mongodb.portal', '--all');
    return out === '' ? [] : rowsOf(out);
  };
  await until(async () => (await dead()).length === 1, 'a dead letter of mongodb.portal');
  assert.equal(
    (await dead()).map(({ sink, id }) => [sink, id]),
    [['mongodb.portal', 'bad']],
  );
  const { out } = await commandLine('dead-letters', 'redrive', '--sink', 'mongodb.portal', '--all');
  assert.equal(JSON.parse(out), { sink: 'mongodb.portal', redriven: 1, refused: [], dry_run: false });
});

test('check tries each, and names the entry of the one that fails; queues are listed', async () => {
  await servers.portal.stop();
  const { out } = await commandLine('check', '--json');
  const found = rowsOf(out).filter(({ dependency }) => String(dependency).startsWith('MongoDB'));
  assert.equal(
    found.map(({ dependency, outcome }) => [dependency, outcome]),
    [
      ['MongoDB (archive)', 'ok'],
      ['MongoDB (portal)', 'wrong'],
    ],
  );
  assert.match(JSON.stringify(found[1]), 'sinks[1]');
  await servers.portal.listen();
  const queues = rowsOf((await commandLine('queues', 'list')).out);
  assert.equal(queues.map(({ name, sink }) => [name, sink]).sort(), [
    ['event-sink.local', 'local'],
    ['event-sink.mongodb.archive', 'mongodb.archive'],
    ['event-sink.mongodb.portal', 'mongodb.portal'],
    ['event-sink.webhook.portal', 'webhook.portal'],
  ]);
});

test.run();
