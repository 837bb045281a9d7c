import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { problemReport, type SettingProblem } from '../../src/settings/problems.js';
import type { InfluxdbConfig } from '../../src/sinks/influxdb/settings.js';
import type { MongoConfig } from '../../src/sinks/mongodb/session.js';

/*
 * Each address has one reading, or is refused by the settings with a sentence that says what to write: what a later
 * reader would stumble over, or read in another way, never leaves them. No sentence holds a part of a password.
 */

function load(env: Record<string, string>, files: Record<string, string> = {}) {
  return loadConfig({ env: { LOCAL_STORE: 'off', ...env }, readFile: path => files[path] ?? '' });
}

function good(env: Record<string, string>, files?: Record<string, string>): Config {
  const loaded = load(env, files);
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  return loaded.config;
}

function bad(env: Record<string, string>): readonly SettingProblem[] {
  const loaded = load(env);
  return 'problems' in loaded ? loaded.problems : [];
}

/** The configuration of the one sink. */
function only(env: Record<string, string>, files?: Record<string, string>): unknown {
  const [config] = good(env, files).sinks.map(sink => sink.config);
  return config;
}

const bucket = { INFLUXDB_BUCKET: 'b' };
const stream = { GOOGLE_MEASUREMENT_ID: 'G-TEST1', GOOGLE_API_SECRET: 's3cr3t' };

const refused: [env: Record<string, string>, name: string, says: RegExp][] = [
  // D1 and its kind: percent-codes that are none.
  [{ RABBITMQ_URI: 'amqp://guest:guest@127.0.0.1/100%vhost' }, 'RABBITMQ_URI', /%25/],
  [{ RABBITMQ_URI: 'amqp://guest:100%sure@127.0.0.1' }, 'RABBITMQ_URI', /%25/],
  [{ RABBITMQ_URI: 'amqp://gu%st:guest@127.0.0.1' }, 'RABBITMQ_URI', /%25/],
  [{ RABBITMQ_URI: 'amqp://guest:%ff@127.0.0.1' }, 'RABBITMQ_URI', /not UTF-8/],
  [{ RABBITMQ_URI: 'amqp://u:p@a/v,amqp://u:100%@b/v' }, 'RABBITMQ_URI', /%25/],
  [{ INFLUXDB_HOST: 'http://root:100%sure@host' }, 'INFLUXDB_HOST', /%25/],
  [{ INFLUXDB_URL: 'http://host/100%', ...bucket }, 'INFLUXDB_URL', /%25/],
  [{ MONGODB_URI: 'mongodb://root:100%sure@host' }, 'MONGODB_URI', /%25/],
  [
    { AMPLITUDE_SERVER_URL: 'https://me:100%sure@proxy/2/httpapi', AMPLITUDE_API_KEY: 'k' },
    'AMPLITUDE_SERVER_URL',
    /%25/,
  ],
  [{ GOOGLE_SERVER_URL: 'https://me:100%sure@proxy', ...stream }, 'GOOGLE_SERVER_URL', /%25/],
  // D3 and its kind: where two readers of one address differ.
  [{ RABBITMQ_URI: 'amqp://guest:12345#Secret@host/' }, 'RABBITMQ_URI', /%23/],
  [{ RABBITMQ_URI: 'amqp://guest:12345?Secret@host/' }, 'RABBITMQ_URI', /%3F/],
  [{ RABBITMQ_URI: 'amqp://guest:12345/Secret@host/' }, 'RABBITMQ_URI', /%2F/],
  [{ RABBITMQ_URI: 'amqp://guest:Sec@ret@host/' }, 'RABBITMQ_URI', /%40/],
  [{ RABBITMQ_URI: 'amqp://guest:Sec\\ret@host/' }, 'RABBITMQ_URI', /backslash/],
  [{ MONGODB_URI: 'mongodb://guest:12345#Secret@host/' }, 'MONGODB_URI', /%23/],
  [{ MONGODB_URI: 'mongodb://guest:12345/Secret@host/' }, 'MONGODB_URI', /%2F/],
  [{ INFLUXDB_HOST: 'http://guest:12345#Secret@host' }, 'INFLUXDB_HOST', /%23/],
  [{ INFLUXDB_URL: 'http://guest:12345?Secret@host', ...bucket }, 'INFLUXDB_URL', /%3F/],
  [
    { AMPLITUDE_SERVER_URL: 'https://guest:12345#Secret@host/2/httpapi', AMPLITUDE_API_KEY: 'k' },
    'AMPLITUDE_SERVER_URL',
    /%23/,
  ],
  [{ GOOGLE_SERVER_URL: 'https://guest:12345/Secret@host', ...stream }, 'GOOGLE_SERVER_URL', /%2F/],
  // D4 and its kind: hosts.
  [{ INFLUXDB_HOST: 'http://::1:8086' }, 'INFLUXDB_HOST', /\[::1\]/],
  [{ INFLUXDB_HOST: 'influx:' }, 'INFLUXDB_HOST', /a port from 1 to 65535/],
  [{ INFLUXDB_HOST: '127.0.0.1:8086', INFLUXDB_PORT: '39631' }, 'INFLUXDB_HOST', /INFLUXDB_PORT is 39631/],
  [{ INFLUXDB_HOST: 'influx db' }, 'INFLUXDB_HOST', /blank/],
  [{ INFLUXDB_HOST: 'udp://host' }, 'INFLUXDB_HOST', /http:\/\/ or https:\/\//],
  [{ INFLUXDB_HOST: 'host:0' }, 'INFLUXDB_HOST', /1 to 65535/],
  [{ INFLUXDB_HOST: 'host:70000' }, 'INFLUXDB_HOST', /1 to 65535/],
  [{ HOST: 'http://127.0.0.1' }, 'HOST', /without scheme and port/],
  [{ HOST: '127.0.0.1:8080' }, 'HOST', /without scheme and port/],
  [{ HOST: '[::1]:8080' }, 'HOST', /without scheme and port/],
  [{ HOST: '[::]' }, 'HOST', /no API keys/],
  [{ RABBITMQ_URI: 'amqp://::1' }, 'RABBITMQ_URI', /\[::1\]/],
  [{ RABBITMQ_URI: 'amqp://h:0' }, 'RABBITMQ_URI', /must be an address/],
  ...['0', '601', '70000', '-1', '1.5', 'soon', ''].map((seconds): (typeof refused)[number] => [
    { RABBITMQ_URI: `amqp://a,b/v?heartbeat=${seconds}` },
    'RABBITMQ_URI',
    /heartbeat from 1 to 600 s/,
  ]),
  [{ MONGODB_URI: 'mongodb://::1' }, 'MONGODB_URI', /\[::1\]/],
  [{ MONGODB_URI: 'mongodb://h:70000' }, 'MONGODB_URI', /65535/],
  [{ MONGODB_URI: 'mongodb://a:1:2' }, 'MONGODB_URI', /neither a name nor an address/],
  // D5 and its kind: numbers in the words of all.
  [
    { MONGODB_TTL_DAYS: '0.5', MONGODB_URI: 'mongodb://h' },
    'MONGODB_TTL_DAYS',
    /whole number from 1 to 24855, but is "0.5"/,
  ],
  // D8 and its kind: ports that fetch never connects to.
  [{ INFLUXDB_HOST: 'h', INFLUXDB_PORT: '10080' }, 'INFLUXDB_PORT', /10080, which HTTP clients refuse/],
  [{ INFLUXDB_HOST: 'h:6000' }, 'INFLUXDB_HOST', /6000, which HTTP clients refuse/],
  [{ INFLUXDB_URL: 'http://h:10080', ...bucket }, 'INFLUXDB_URL', /10080, which HTTP clients refuse/],
  [
    { AMPLITUDE_SERVER_URL: 'https://h:5061/2/httpapi', AMPLITUDE_API_KEY: 'k' },
    'AMPLITUDE_SERVER_URL',
    /5061, which HTTP/,
  ],
  [{ GOOGLE_SERVER_URL: 'https://h:25', ...stream }, 'GOOGLE_SERVER_URL', /25, which HTTP clients refuse/],
  // Keys that no header can hold.
  [{ INFLUXDB_URL: 'http://h', INFLUXDB_TOKEN: 'Secret\nSecret', ...bucket }, 'INFLUXDB_TOKEN', /on one line/],
];

for (const [env, name, says] of refused) {
  test(`is refused: ${JSON.stringify(env)}`, () => {
    const problems = bad(env);
    assert.equal(
      problems.map(problem => problem.name),
      [name],
      problemReport(problems),
    );
    assert.match(problems[0]?.message ?? '', says);
    assert.not.match(problemReport(problems), /12345|Sec|100%sure|s3cr3t/);
  });
}

const influx = (env: Record<string, string>): unknown => {
  const { server } = only(env) as InfluxdbConfig;
  return server.version === 1 ? [server.url, server.user, server.password] : server.url;
};

const accepted: [env: Record<string, string>, expected: unknown][] = [
  [{ INFLUXDB_HOST: 'influx' }, ['http://influx:8086', undefined, '']],
  [{ INFLUXDB_HOST: '::1' }, ['http://[::1]:8086', undefined, '']],
  [{ INFLUXDB_HOST: '[::1]' }, ['http://[::1]:8086', undefined, '']],
  [{ INFLUXDB_HOST: '[::1]:9999' }, ['http://[::1]:9999', undefined, '']],
  [{ INFLUXDB_HOST: '127.0.0.1:8086' }, ['http://127.0.0.1:8086', undefined, '']],
  [{ INFLUXDB_HOST: '127.0.0.1:39631', INFLUXDB_PORT: '39631' }, ['http://127.0.0.1:39631', undefined, '']],
  [{ INFLUXDB_HOST: 'http://127.0.0.1', INFLUXDB_PORT: '39631' }, ['http://127.0.0.1:39631', undefined, '']],
  [{ INFLUXDB_HOST: 'https://influx.example.org/db/' }, ['https://influx.example.org/db', undefined, '']],
  [
    { INFLUXDB_HOST: 'https://i.example.org/db', INFLUXDB_PORT: '444' },
    ['https://i.example.org:444/db', undefined, ''],
  ],
  [{ INFLUXDB_HOST: 'http://root:100%25sure@h' }, ['http://h', 'root', '100%sure']],
  [
    { INFLUXDB_HOST: 'h', INFLUXDB_USER: 'root', INFLUXDB_PASSWORD: '100%sure#?/' },
    ['http://h:8086', 'root', '100%sure#?/'],
  ],
  [{ INFLUXDB_URL: 'http://[::1]:8086/', ...bucket }, 'http://[::1]:8086'],
  [{ INFLUXDB_URL: '\uFEFF http://h:8086\n', ...bucket }, 'http://h:8086'],
];

for (const [env, expected] of accepted) {
  test(`is taken as meant: ${JSON.stringify(env)}`, () => assert.equal(influx(env), expected));
}

test('a listener: IPv6 with and without brackets, and every loopback address without keys', () => {
  for (const HOST of ['[::1]', '::1', '0:0:0:0:0:0:0:1', '127.8.9.1', '::ffff:127.0.0.1', 'localhost', ' 127.0.0.1 ']) {
    assert.is(good({ HOST }).server.host, HOST.replace(/[[\] ]/g, ''));
  }
});

test('nodes of RabbitMQ: IPv6, several, special characters percent-encoded', () => {
  const nodes = (RABBITMQ_URI: string) => good({ RABBITMQ_URI }).broker.nodes;
  assert.equal(nodes('amqp://u:p%23%3F%2F%40@[::1]:5672,[fe80::1]/%2F'), [
    'amqp://u:p%23%3F%2F%40@[::1]:5672/%2F',
    'amqp://u:p%23%3F%2F%40@[fe80::1]/%2F',
  ]);
  assert.equal(nodes('amqp://guest:guest@localhost//'), ['amqp://guest:guest@localhost//']);
  assert.equal(nodes('\uFEFFamqps://h , amqps://i '), ['amqps://h', 'amqps://i']);
});

test('a blank or a byte order mark before a connection string is no part of it, in a secret file neither', () => {
  const uri = (env: Record<string, string>, files: Record<string, string> = {}): string =>
    (only(env, files) as MongoConfig).address.uri;
  assert.is(uri({ MONGODB_URI: ' mongodb://h' }), 'mongodb://h');
  assert.is(uri({ MONGODB_URI_FILE: ' f ' }, { f: '\uFEFF mongodb://h \r\n' }), 'mongodb://h');
});

test('a slash at the end of a full address is part of it, and none of a base', () => {
  const [amplitude, ga4] = good({
    AMPLITUDE_API_KEY: 'k',
    AMPLITUDE_SERVER_URL: 'https://h/collect/',
    ...stream,
    GOOGLE_SERVER_URL: 'https://h/collect/',
  }).sinks.map(({ config }) => (config as { serverUrl: { url: string } }).serverUrl.url);
  assert.equal([amplitude, ga4], ['https://h/collect/', 'https://h/collect']);
});

test.run();
