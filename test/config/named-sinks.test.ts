import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { silentLog } from '../../src/log.js';
import { problemReport, type SettingProblem } from '../../src/settings/problems.js';
import type { AmplitudeConfig } from '../../src/sinks/amplitude/session.js';
import type { InfluxdbConfig } from '../../src/sinks/influxdb/settings.js';
import type { MongoConfig } from '../../src/sinks/mongodb/session.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import { MongoStandIn } from '../helpers/servers/mongodb/stand-in.js';
import { eventOf, sinkTools } from '../helpers/sink-session.js';

function load(yaml: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  const all: Record<string, string> = { 'c.yaml': yaml, ...files };
  const readFile = (path: string): string => {
    const content = all[path];
    if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return content;
  };
  return loadConfig({ env: { EVENT_SINK_CONFIG: 'c.yaml', LOCAL_STORE: 'off', ...env }, readFile });
}

function good(yaml: string, env?: Record<string, string>, files?: Record<string, string>): Config {
  const loaded = load(yaml, env, files);
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  return loaded.config;
}

function bad(yaml: string, env?: Record<string, string>, files?: Record<string, string>): readonly SettingProblem[] {
  const loaded = load(yaml, env, files);
  return 'problems' in loaded ? loaded.problems : [];
}

const names = (problems: readonly SettingProblem[]): string[] => problems.map(({ name }) => name);

test('everything of a named sink derives from its kind and its name', () => {
  const { sinks } = good(`
    mongodb: { uri: mongodb://main }
    sinks:
      - kind: mongodb
        name: archive
        uri: mongodb://old.example.org/history
        ttl_days: 0030
        categories: [upload, "!health"]
        batch: { size: 7 }
      - { kind: influxdb, name: graphs-2, host: "127.0.0.1:8186", queue: event.sink }
  `);
  assert.equal(
    sinks.map(({ definition, queue, place }) => [definition.name, definition.title, queue, place]),
    [
      [
        'mongodb',
        'MongoDB',
        { sink: 'mongodb', name: 'event-sink.mongodb', adopted: false },
        'the settings that begin with MONGODB_',
      ],
      [
        'mongodb.archive',
        'MongoDB (archive)',
        { sink: 'mongodb.archive', name: 'event-sink.mongodb.archive', adopted: false },
        'sinks[0] in c.yaml',
      ],
      [
        'influxdb.graphs-2',
        'InfluxDB (graphs-2)',
        { sink: 'influxdb.graphs-2', name: 'event.sink', adopted: true },
        'sinks[1] in c.yaml',
      ],
    ],
  );
  const [, archive] = sinks;
  const [, archiveConfig, graphsConfig] = sinks.map(({ config }) => config);
  const { database, ttlDays } = archiveConfig as MongoConfig;
  assert.equal([database, ttlDays], ['history', 30]);
  assert.is(archive?.batch.count, 7);
  assert.is(archive?.filter.matches({ category: 'health', type: undefined }), false);
  const { server } = graphsConfig as InfluxdbConfig;
  assert.is(server.url, 'http://127.0.0.1:8186');
});

test('a secret of a named sink may come from a file, and shows in no message', () => {
  const entry = 'sinks: [{kind: amplitude, name: second, api_key_file: k, server_zone: here}]';
  const problems = bad(entry, {}, { k: '\uFEFFhunter2hunter2\n' });
  assert.equal(names(problems), ['sinks[0].server_zone']);
  const [sink] = good(entry.replace('here', 'EU'), {}, { k: '\uFEFFhunter2hunter2\n' }).sinks;
  const { apiKey, zone } = sink!.config as AmplitudeConfig;
  assert.equal([apiKey, zone], ['hunter2hunter2', 'EU']);
  assert.equal(names(bad(entry)), ['sinks[0].api_key_file', 'sinks[0].server_zone']);
});

const wrong: [what: string, yaml: string, name: string, says: RegExp][] = [
  ['no list', 'sinks: mongodb', 'sinks', /list of sinks/],
  ['no mapping', 'sinks: [mongodb]', 'sinks[0]', /mapping/],
  ['no kind', 'sinks: [{name: a}]', 'sinks[0].kind', /must be one of amplitude/],
  ['an unknown kind', 'sinks: [{kind: mongo, name: a}]', 'sinks[0].kind', /Did you mean mongodb/],
  ['a second local store', 'sinks: [{kind: local, name: a}]', 'sinks[0].kind', /one of it in a daemon/],
  ['no name', 'sinks: [{kind: mongodb, uri: "mongodb://h"}]', 'sinks[0].name', /lower-case/],
  ['a name that is none', 'sinks: [{kind: mongodb, name: A.b, uri: "mongodb://h"}]', 'sinks[0].name', /lower-case/],
  ['a reserved name', 'sinks: [{kind: mongodb, name: dead, uri: "mongodb://h"}]', 'sinks[0].name', /not dead/],
  [
    'the same name twice',
    'sinks: [{kind: mongodb, name: a, uri: "mongodb://h"}, {kind: mongodb, name: a, uri: "mongodb://i"}]',
    'sinks[1].name',
    /another mongodb/,
  ],
  ['nothing that switches it on', 'sinks: [{kind: mongodb, name: a}]', 'sinks[0]', /sinks\[0\]\.uri/],
  [
    'half of what it needs',
    'sinks: [{kind: ga4, name: a, api_secret: s3cr3t}]',
    'sinks[0].measurement_id',
    /needs both sinks\[0\]\.measurement_id and sinks\[0\]\.api_secret/,
  ],
  [
    'an unknown key',
    'sinks: [{kind: mongodb, name: a, url: "mongodb://h", uri: "mongodb://h"}]',
    'sinks[0].url',
    /Did you mean uri/,
  ],
  [
    'the prefix',
    'sinks: [{kind: mongodb, name: a, uri: "mongodb://h", mongodb_uri: x}]',
    'sinks[0].mongodb_uri',
    /not a setting/,
  ],
  [
    'a value out of range',
    'sinks: [{kind: mongodb, name: a, uri: "mongodb://h", ttl_days: 0.5}]',
    'sinks[0].ttl_days',
    /whole number/,
  ],
  [
    'a queue that another has',
    'sinks: [{kind: mongodb, name: a, uri: "mongodb://h", queue: q}, {kind: mongodb, name: b, uri: "mongodb://h", queue: q}]',
    'sinks[1].queue',
    /which MongoDB \(a\) has/,
  ],
  [
    'a category that is none',
    'sinks: [{kind: mongodb, name: a, uri: "mongodb://h", categories: "!"}]',
    'sinks[0].categories',
    /./,
  ],
];

for (const [what, yaml, name, says] of wrong) {
  test(`is refused: ${what}`, () => {
    const problems = bad(yaml);
    assert.equal(names(problems), [name], problemReport(problems));
    assert.match(problems[0]?.message ?? '', says);
  });
}

test('the environment has no form for it, and keeps its own', () => {
  assert.equal(good('', { sinks: 'x', SINKS: 'y' }).sinks, []);
  assert.equal(
    good('sinks: [{kind: mongodb, name: a, uri: "mongodb://h"}]', { MONGODB_URI: 'mongodb://main' }).sinks.map(
      ({ config }) => (config as MongoConfig).address.uri,
    ),
    ['mongodb://main', 'mongodb://h'],
  );
});

const never = new AbortController().signal;
const event = eventOf({ category: 'upload', created: 1_790_000_000_000 });

test('two MongoDB of one daemon: each has the event, under its own name', async () => {
  const servers = [new MongoStandIn(), new MongoStandIn()];
  for (const server of servers) await server.listen();
  const [first, second] = servers.map(({ uri }) => uri.split('?')[0]);
  const { sinks } = good(
    `sinks: [{kind: mongodb, name: a, uri: "${first}"}, {kind: mongodb, name: b, uri: "${second}"}]`,
  );
  for (const { definition, config } of sinks) {
    const session = await definition.open(config, sinkTools());
    await session.write([event], never);
    await session.close();
  }
  for (const server of servers) {
    assert.equal(
      server
        .collection('eventsink', 'events')
        .find({})
        .map(({ _id }) => _id),
      [event.id],
    );
    await server.stop();
  }
});

test('two InfluxDB of one daemon: a fault of one names its entry, the other delivers', async () => {
  const servers = [new InfluxdbStandIn(), new InfluxdbStandIn()];
  for (const server of servers) await server.start();
  const entries = servers.map(
    ({ origin }, index) =>
      `{kind: influxdb, name: n${index}, url: "${origin}", bucket: eventsink, token: "${index === 0 ? 'wrong\\u00e9\\u4e2d' : 'the-right-token'}", org: clowder}`,
  );
  const { sinks } = good(`sinks: [${entries}]`);
  const reasons: string[] = [];
  for (const { definition, config } of sinks) {
    const tools = sinkTools({ clock: systemClock, log: silentLog });
    try {
      const session = await definition.open(config, tools);
      await session.write([event], never);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  assert.is(reasons.length, 1);
  assert.match(reasons[0] ?? '', 'sinks[0].token');
  assert.equal(servers[1]?.ids(), [event.id]);
  for (const server of servers) await server.stop();
});

test.run();
