import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { commonSettings } from '../../src/config/sinks.js';
import { integer } from '../../src/settings/numbers.js';
import { problemReport, type SettingProblem } from '../../src/settings/problems.js';
import { setting } from '../../src/settings/setting.js';
import { boolean, text } from '../../src/settings/words.js';
import { amplitudeSink } from '../../src/sinks/amplitude.js';
import { ga4Sink } from '../../src/sinks/ga4.js';
import { localSink } from '../../src/sinks/local.js';
import { defineSink, type SinkDefinition } from '../../src/sinks/sink.js';

/** A sink as others declare theirs. */
const mailbox = (name: string) =>
  defineSink({
    name,
    title: name,
    prefix: name.toUpperCase(),
    settings: {
      uri: setting(`${name.toUpperCase()}_URI`, text().optional(), 'Where.', { secret: true }),
      size: setting(`${name.toUpperCase()}_SIZE`, integer(1, 9).default('5'), 'How many.'),
      loud: setting(`${name.toUpperCase()}_LOUD`, boolean().default('off'), 'Whether.'),
    },
    switchedOnBy: `${name.toUpperCase()}_URI`,
    configure: (values, problems) => {
      if (values.uri?.startsWith('bad')) problems.add(`${name.toUpperCase()}_URI`, `cannot be ${values.uri}`);
      return values.uri === undefined ? undefined : values;
    },
    batch: { count: 100, bytes: 1000, lingerMs: 5 },
    renderer:
      () =>
      ({ id }) => ({ output: { id } }),
    open: async () => ({ write: async () => ({}), probe: async () => {}, close: async () => {} }),
  });

const registry = [mailbox('mailbox'), mailbox('pigeon'), localSink];
const keys = `ann:read:${'ab'.repeat(32)}`;

function load(env: Record<string, string>, files: Record<string, string> = {}) {
  const readFile = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return content;
  };
  return loadConfig({ env, readFile, registry });
}

function good(env: Record<string, string>, files?: Record<string, string>): Config {
  const loaded = load(env, files);
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  return loaded.config;
}

function bad(env: Record<string, string>, files?: Record<string, string>): readonly SettingProblem[] {
  const loaded = load(env, files);
  return 'problems' in loaded ? loaded.problems : [];
}

const names = (problems: readonly SettingProblem[]): string[] => problems.map(problem => problem.name);
const yaml = (content: string): [Record<string, string>, Record<string, string>] => [
  { EVENT_SINK_CONFIG: 'c.yaml' },
  { 'c.yaml': content },
];

test('without any setting, the daemon is embedded, on the loopback, with the local store', () => {
  const config = good({});
  assert.is(config.server.port, 8080);
  assert.is(config.server.host, '127.0.0.1');
  assert.equal(config.broker.nodes, []);
  assert.equal(
    config.sinks.map(sink => sink.queue),
    [{ sink: 'local', name: 'event-sink.local', adopted: false }],
  );
  assert.is(config.local?.retentionMs, 30 * 24 * 3600 * 1000);
  assert.is(config.shutdownMs, 25_000);
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.server));
});

test('an empty string is as good as none, and a local store can be switched off', () => {
  const config = good({ PORT: '', MAILBOX_URI: '', LOCAL_STORE: 'off' });
  assert.is(config.server.port, 8080);
  assert.equal(config.sinks, []);
  assert.is(config.local, undefined);
});

test('booleans are on, off, true, false, 1 and 0', () => {
  for (const value of ['on', 'true', '1', 'TRUE']) assert.is(good({ TRUST_PROXY: value }).server.trustProxy, 'peer');
  for (const value of ['off', 'false', '0', 'Off']) assert.is(good({ TRUST_PROXY: value }).server.trustProxy, 'none');
  assert.equal(names(bad({ TRUST_PROXY: 'yes' })), ['TRUST_PROXY']);
});

test('numbers are whole and within their limits', () => {
  assert.is(good({ PORT: '0' }).server.port, 0);
  for (const PORT of ['-1', '65536', '8080.5', '1e3', '0x10', 'http'])
    assert.equal(names(bad({ PORT })), ['PORT'], PORT);
});

test('the environment wins over the file, and the file over the default', () => {
  const [env, files] = yaml('port: 1000\nhold_seconds: 20\n');
  const config = good({ ...env, PORT: '2000' }, files);
  assert.is(config.server.port, 2000);
  assert.is(config.broker.holdMs, 20_000);
  assert.is(config.server.maxInFlightBytes, 64 * 1024 * 1024);
});

test('the file is nested or flat, with scalars as they are written', () => {
  const config = good(
    ...yaml(
      `
      rabbitmq: { uri: amqp://h, queue: { type: classic } }
      mailbox_uri: 007
      mailbox:
        loud: yes please
        categories: [upload, "!health"]
        batch: { size: 7 }
      nginx: { traffic: { events: true } }
      log_level: DEBUG
      host:
    `.replace('yes please', 'on'),
    ),
  );
  assert.equal(config.broker.nodes, ['amqp://h']);
  assert.is(config.broker.queueType, 'classic');
  const [sink] = config.sinks;
  assert.equal(sink?.config, { uri: '007', size: 5, loud: true });
  assert.equal(sink?.batch, { count: 7, bytes: 1000, lingerMs: 5 });
  assert.is(sink?.filter.matches({ category: 'upload', type: undefined }), true);
  assert.is(sink?.filter.matches({ category: 'health', type: undefined }), false);
  assert.equal(config.nginx.trafficEvents, ['views', 'downloads', 'api']);
  assert.is(config.log.level, 'debug');
  assert.is(config.server.host, '127.0.0.1');
});

test('health targets may be structures in the file', () => {
  const structured = good(
    ...yaml('health:\n  targets:\n    - {name: web, url: "https://h", interval: 15}\n    - b=tcp://h:1\n'),
  );
  const intervals = (config: Config) => config.health.targets.map(({ name, intervalMs }) => [name, intervalMs]);
  assert.equal(intervals(structured), [
    ['web', 15_000],
    ['b', 60_000],
  ]);
  assert.equal(intervals(good({ HEALTH_TARGETS: 'a=tcp://h:1, b=tcp://h:2', HEALTH_INTERVAL_SECONDS: '5' })), [
    ['a', 5_000],
    ['b', 5_000],
  ]);
});

test('unknown keys of the file are errors that say what was meant', () => {
  const [one, two, three] = bad(...yaml('prot: 1\nmailbox: {url: x}\ncompletely_different: {a: 1}\n'));
  assert.is(one?.name, 'prot');
  assert.match(one?.message ?? '', 'Did you mean port?');
  assert.is(two?.name, 'mailbox.url');
  assert.match(two?.message ?? '', 'mailbox_uri');
  assert.is(three?.name, 'completely_different.a');
});

test('a file that is missing, no YAML, no mapping, or says a thing twice or in the wrong shape is a problem', () => {
  assert.match(bad({ EVENT_SINK_CONFIG: 'gone.yaml' })[0]?.message ?? '', 'ENOENT');
  assert.match(bad(...yaml('a: [1\nb: 2'))[0]?.message ?? '', /not YAML, line \d/);
  assert.match(bad(...yaml('- 1'))[0]?.message ?? '', 'mapping');
  assert.match(bad(...yaml('a: *nobody'))[0]?.message ?? '', 'alias');
  const tens = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join(',')}]`;
  const bomb = [tens('a', 'x'), tens('b', '*a'), tens('c', '*b'), tens('d', '*c')].join('\n');
  assert.match(bad(...yaml(bomb))[0]?.message ?? '', 'alias');
  assert.equal(names(bad(...yaml('mailbox_uri: a\nmailbox: {uri: b}'))), ['mailbox.uri']);
  assert.equal(names(bad(...yaml('port: {a: 1}\nlog_level: [[x]]'))), ['port', 'log_level']);
  assert.equal(bad(...yaml('')), []);
});

test('a secret may come from a file, in either layer, without its last line end', () => {
  const files = { s: 'amqp://u:p@h\n', 'c.yaml': 'mailbox: {uri_file: t}', t: 'token' };
  const config = good({ EVENT_SINK_CONFIG: 'c.yaml', RABBITMQ_URI_FILE: 's' }, files);
  assert.equal(config.broker.nodes, ['amqp://u:p@h']);
  assert.equal(config.sinks[0]?.config, { uri: 'token', size: 5, loud: false });
});

test('a secret from two places, from no file, or from an empty one is a problem', () => {
  assert.equal(names(bad({ MAILBOX_URI: 'x', MAILBOX_URI_FILE: 's' }, { s: 'y' })), ['MAILBOX_URI_FILE']);
  assert.equal(names(bad({ MAILBOX_URI_FILE: 'gone' })), ['MAILBOX_URI_FILE']);
  assert.equal(names(bad({ MAILBOX_URI_FILE: 's' }, { s: '\n' })), ['MAILBOX_URI_FILE']);
});

test('no message shows a secret', () => {
  const problems = bad(
    { RABBITMQ_URI: 'http://u:hunter2@h', MAILBOX_URI_FILE: 's', API_KEYS: 'es_hunter2' },
    { s: 'bad-hunter2' },
  );
  assert.equal(names(problems).sort(), ['API_KEYS', 'MAILBOX_URI', 'RABBITMQ_URI']);
  assert.not.match(problemReport(problems), 'hunter2');
});

test('an alias serves, and the name itself wins', () => {
  assert.equal(good({ CLOUDAMQP_URL: 'amqps://u:p@h/v' }).broker.nodes, ['amqps://u:p@h/v']);
  assert.equal(good({ CLOUDAMQP_URL: 'amqp://a', RABBITMQ_URI: 'amqp://b' }).broker.nodes, ['amqp://b']);
});

test('several nodes of one broker, written out or short', () => {
  const expected = ['amqp://u:p@a:5672/v?heartbeat=5', 'amqp://u:p@b/v?heartbeat=5'];
  assert.equal(good({ RABBITMQ_URI: 'amqp://u:p@a:5672,b/v?heartbeat=5' }).broker.nodes, expected);
  assert.equal(good({ RABBITMQ_URI: expected.join(', ') }).broker.nodes, expected);
  for (const uri of ['amqp://', 'amqp://a,,b', 'redis://a', 'amqp://a:port', 'a:5672']) {
    assert.equal(names(bad({ RABBITMQ_URI: uri })), ['RABBITMQ_URI'], uri);
  }
});

test('with keys the daemon listens everywhere; without, on the loopback only', () => {
  assert.is(good({ API_KEYS: keys }).server.host, '0.0.0.0');
  assert.is(good({ API_KEYS_FILE: 'k' }, { k: keys }).server.host, '0.0.0.0');
  assert.is(good({ API_KEYS: keys, HOST: '10.0.0.1' }).server.host, '10.0.0.1');
  for (const HOST of ['localhost', '127.0.0.53', '::1']) assert.is(good({ HOST }).server.host, HOST);
  assert.equal(names(bad({ HOST: '0.0.0.0' })), ['HOST']);
  assert.equal(names(bad({ HOST: '127.evil.example' })), ['HOST']);
});

test('wrong keys are found at the start', () => {
  assert.equal(names(bad({ API_KEYS: 'nonsense' })), ['API_KEYS']);
  assert.equal(names(bad({ API_KEYS_FILE: 'k' }, { k: 'nonsense' })), ['API_KEYS_FILE']);
  assert.equal(names(bad({ API_KEYS_FILE: 'gone' })), ['API_KEYS_FILE']);
  assert.equal(names(bad({ API_KEYS: keys, API_KEYS_FILE: 'k' }, { k: keys })), ['API_KEYS_FILE']);
});

test('RABBITMQ_QUEUENAME is the queue of the one sink beside the local store', () => {
  const queues = (config: Config) => config.sinks.map(sink => [sink.queue.name, sink.queue.adopted]);
  const legacy = { RABBITMQ_URI: 'amqp://h', RABBITMQ_QUEUENAME: 'event.sink' };
  assert.equal(queues(good({ ...legacy, PIGEON_URI: 'x' })), [
    ['event.sink', true],
    ['event-sink.local', false],
  ]);
  assert.equal(queues(good(legacy)), [['event.sink', true]]);
  assert.match(
    bad({ ...legacy, PIGEON_URI: 'x', MAILBOX_URI: 'y' })[0]?.message ?? '',
    'MAILBOX_QUEUE or PIGEON_QUEUE',
  );
  assert.equal(names(bad({ ...legacy, LOCAL_STORE: 'off' })), ['RABBITMQ_QUEUENAME']);
  assert.equal(names(bad({ ...legacy, PIGEON_URI: 'x', PIGEON_QUEUE: 'other' })), ['RABBITMQ_QUEUENAME']);
});

test('two sinks cannot share a queue', () => {
  const problems = bad({ MAILBOX_URI: 'x', PIGEON_URI: 'y', MAILBOX_QUEUE: 'q', PIGEON_QUEUE: 'q' });
  assert.equal(names(problems), ['PIGEON_QUEUE']);
});

test('settings that contradict each other are problems', () => {
  assert.equal(names(bad({ HEALTH_TIMEOUT_SECONDS: '61' })), ['HEALTH_TIMEOUT_SECONDS']);
  assert.ok(good({ HEALTH_TIMEOUT_SECONDS: '60' }));
  assert.equal(names(bad({ EXTRACTOR_HEARTBEATS: 'on' })), ['EXTRACTOR_HEARTBEATS']);
  assert.equal(names(bad({ EXTRACTION_EVENTS: 'on' })), ['EXTRACTION_EVENTS']);
  assert.equal(names(bad({ CORS_ORIGINS: 'https://a.example, https://b.example/path' })), ['CORS_ORIGINS']);
  assert.equal(names(bad({ CLOWDER_PATH_PREFIX: 'clowder' })), ['CLOWDER_PATH_PREFIX']);
  assert.equal(names(bad({ NGINX_LOG_FORMAT: 'fancy' })), ['NGINX_LOG_FORMAT']);
  assert.equal(names(bad({ LOCAL_CATEGORIES: '!all' })), ['LOCAL_CATEGORIES']);
  assert.is(good({ CLOWDER_PATH_PREFIX: '/clowder/' }).nginx.pathPrefix, '/clowder');
});

test('variables of the log that settings name', () => {
  assert.equal(names(bad({ NGINX_USER: 'user' })), ['NGINX_USER']);
  assert.equal(names(bad({ NGINX_USER: '$cookie_user last' })), ['NGINX_USER']);
  // The format has no such variable.
  assert.equal(names(bad({ NGINX_USER: '$cookie_user' })), ['NGINX_LOG_FORMAT']);
  const format = '$http_x_real_ip [$time_local] "$request" $status "$cookie_user"';
  assert.ok(good({ NGINX_USER: '$cookie_user', NGINX_LOG_FORMAT: format }));
  assert.ok(good({ NGINX_USER: '$cookie_user', NGINX_LOG_FORMAT: 'json' }));
  const both = { NGINX_CLIENT_ADDRESS: '$cookie_user', NGINX_USER: '$cookie_user', NGINX_LOG_FORMAT: format };
  assert.equal(names(bad(both)), ['NGINX_USER', 'NGINX_LOG_FORMAT']);
  assert.equal(names(bad({ NGINX_EXTRACTOR: '$remote_addr', NGINX_LOG_FORMAT: 'json' })), ['NGINX_EXTRACTOR']);
  assert.equal(names(bad({ NGINX_EXTRACTOR: '$extractor' })), ['NGINX_LOG_FORMAT']);
  assert.ok(good({ NGINX_EXTRACTOR: '$extractor', NGINX_LOG_FORMAT: 'json' }));
});

test('where Clowder is', () => {
  const at = (url: string, prefix = '/') => good({ CLOWDER_URL: url, CLOWDER_PATH_PREFIX: prefix }).clowder;
  assert.is(good({}).clowder, undefined);
  assert.equal(at('https://c.example/'), { origin: 'https://c.example', url: 'https://c.example', apiKey: undefined });
  assert.is(at('https://c.example:9443/clowder/')?.url, 'https://c.example:9443/clowder');
  assert.is(at('https://c.example:9443/clowder/')?.origin, 'https://c.example:9443');
  assert.is(at('https://c.example', '/clowder')?.url, 'https://c.example/clowder');
  assert.is(at('https://c.example/clowder', '/clowder')?.url, 'https://c.example/clowder');
  assert.is(good({ CLOWDER_URL: 'http://c', CLOWDER_API_KEY: 'k' }).clowder?.apiKey, 'k');
  for (const url of ['c.example', 'ftp://c.example', 'http://u:p@c.example', 'http://c.example/?a=b']) {
    assert.equal(names(bad({ CLOWDER_URL: url })), ['CLOWDER_URL'], url);
  }
  assert.equal(names(bad({ CLOWDER_API_KEY: 'k' })), ['CLOWDER_URL']);
});

test('a variable that looks like a setting misspelt is a warning', () => {
  const env = {
    MAILBOX_URL: 'x',
    API_KEY: 'y',
    RABBITMQ_URI_FIL: 'z',
    HOME: '/',
    MAILBOX_SERVICE_HOST: '10.0.0.1',
    PATH: '/bin',
  };
  const loaded = load(env);
  assert.equal('warnings' in loaded && names(loaded.warnings), ['MAILBOX_URL', 'API_KEY', 'RABBITMQ_URI_FIL']);
  assert.match(('warnings' in loaded && loaded.warnings[0]?.message) || '', 'Did you mean MAILBOX_URI?');
});

test('what is written at once is never more than what may go in a second, over all writes together', () => {
  const concurrencyWith = (env: Record<string, string>): readonly (number | undefined)[] => {
    const loaded = loadConfig({
      env: { WEBHOOK_URL: 'https://h', MONGODB_URI: 'mongodb://h/d', ...env },
      readFile: () => '',
    });
    if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
    return ['webhook', 'mongodb'].map(
      name => loaded.config.sinks.find(({ definition }) => definition.name === name)?.concurrency,
    );
  };
  assert.equal(concurrencyWith({}), [4, 1]);
  assert.equal(concurrencyWith({ WEBHOOK_CONCURRENCY: '1' }), [1, 1]);
  assert.equal(concurrencyWith({ WEBHOOK_CONCURRENCY: '9', WEBHOOK_BATCH_SIZE: '50' }), [9, 1]);
  assert.equal(concurrencyWith({ WEBHOOK_RATE: '1200' }), [2, 1]);
  assert.equal(concurrencyWith({ WEBHOOK_RATE: '30' }), [1, 1]);
});

test('a port that Kubernetes sets for a service of that name is not ours', () => {
  const withPort = defineSink({
    name: 'influxdb',
    title: 'InfluxDB',
    prefix: 'INFLUXDB',
    settings: { port: setting('INFLUXDB_PORT', integer(1, 65535).default('8086'), 'Port.') },
    switchedOnBy: 'INFLUXDB_PORT',
    configure: values => values,
    batch: { count: 1, bytes: 1, lingerMs: 0 },
    renderer:
      () =>
      ({ id }) => ({ output: { id } }),
    open: async () => ({ write: async () => ({}), probe: async () => {}, close: async () => {} }),
  });
  const loaded = loadConfig({
    env: { INFLUXDB_PORT: 'tcp://10.0.0.1:8086' },
    readFile: () => '',
    registry: [withPort],
  });
  assert.equal('config' in loaded && loaded.config.sinks[0]?.config, { port: 8086 });
});

test('everything that is wrong is reported at once, and how to fix it', () => {
  const [env, files] = yaml('colour: red\nlocal: {max_mb: 1}\n');
  const problems = bad(
    { ...env, PORT: 'x', HOST: '0.0.0.0', MAILBOX_SIZE: '10', LOG_LEVEL: 'loud', RABBITMQ_URI: 'x' },
    files,
  );
  assert.equal(names(problems).sort(), [
    'HOST',
    'LOCAL_MAX_MB',
    'LOG_LEVEL',
    'MAILBOX_SIZE',
    'PORT',
    'RABBITMQ_URI',
    'colour',
  ]);
  const report = problemReport(problems);
  assert.match(report, '7 settings are wrong:');
  assert.match(report, 'PORT: must be a whole number from 0 to 65535, but is "x".');
  assert.is(report.split('\n').length, 8);
});

test('how much of people a sink gets: everything, unless it is for analytics', () => {
  const levels = (env: Record<string, string>): Record<string, string> =>
    Object.fromEntries(good(env).sinks.map(({ definition, personal }) => [definition.name, personal]));
  const uri = { MAILBOX_URI: 'a', PIGEON_URI: 'b' };
  assert.equal(levels(uri), { mailbox: 'full', pigeon: 'full', local: 'full' });
  assert.equal(levels({ ...uri, MAILBOX_PERSONAL: 'None', LOCAL_PERSONAL: 'pseudonym' }), {
    mailbox: 'none',
    pigeon: 'full',
    local: 'pseudonym',
  });
  assert.match(bad({ ...uri, MAILBOX_PERSONAL: 'some' })[0]?.message ?? '', 'none, pseudonym, full');
  for (const sink of [amplitudeSink, ga4Sink]) {
    assert.is(commonSettings(sink as unknown as SinkDefinition).personal.schema.parse(undefined), 'none');
  }
});

test('a setting that is gone is known by its name, with what takes its place', () => {
  for (const value of ['on', 'off']) {
    const [problem] = bad({ ANALYTICS_SEND_NAMES: value });
    assert.is(problem?.name, 'ANALYTICS_SEND_NAMES');
    assert.match(problem?.message ?? '', 'AMPLITUDE_PERSONAL and GOOGLE_PERSONAL');
  }
  assert.equal(names(bad(...yaml('analytics: {send_names: off}'))), ['ANALYTICS_SEND_NAMES']);
  assert.equal(bad({ ANALYTICS_SEND_NAMES: ' ' }), []);
});

test.run();
