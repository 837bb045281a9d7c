import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { problemReport } from '../../src/settings/problems.js';
import type { UsageConfig } from '../../src/usage/config.js';

const entry = (scopes: string): string => `page:${scopes}:${'ab'.repeat(32)}:origin=https://portal.example.org`;
const log = { NGINX_ACCESS_LOG: '/var/log/nginx/access.log' };
const logged = { ...log, NGINX_TRAFFIC_EVENTS: 'views,downloads' };
const rabbitmq = { RABBITMQ_URI: 'amqp://127.0.0.1' };

function usageOf(env: Record<string, string>): UsageConfig | undefined {
  const readFile = (): string => entry('collect');
  const loaded = loadConfig({ env: { API_KEYS: entry('read'), ...env }, readFile });
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  const { usage, sinks } = loaded.config;
  assert.is(
    sinks.some(({ definition }) => definition.name === 'usage'),
    usage !== undefined,
  );
  return usage;
}

const cases: readonly (readonly [what: string, env: Record<string, string>, source: string | undefined])[] = [
  ['nothing to count from', {}, undefined],
  ['a log that gives views and downloads', logged, 'nginx'],
  ['a log that gives neither', log, undefined],
  ['RabbitMQ', rabbitmq, 'clowder'],
  ['both', { ...rabbitmq, ...logged }, 'nginx'],
  ['RabbitMQ, and a log that gives neither', { ...rabbitmq, ...log }, 'clowder'],
  ['a key for browsers', { API_KEYS: entry('collect') }, 'browser'],
  ['a key for browsers in a file', { API_KEYS: '', API_KEYS_FILE: 'keys' }, 'browser'],
  ['no local store', { ...logged, LOCAL_STORE: 'off' }, undefined],
  ['off', { ...logged, USAGE: 'off' }, undefined],
  ['on without a local store', { ...logged, LOCAL_STORE: 'off', USAGE: 'on' }, 'nginx'],
  ['on with nothing to count from', { USAGE: 'on' }, 'clowder'],
  ['on with a log alone', { ...log, USAGE: 'on' }, 'nginx'],
  ['another source', { ...logged, USAGE_SOURCE: 'clowder' }, 'clowder'],
];

for (const [what, env, source] of cases) {
  test(`usage is counted from ${source ?? 'nothing'}: ${what}`, () => {
    assert.is(usageOf(env)?.source, source);
  });
}

test('the queue that the one older sink had is not for usage', () => {
  const env = { API_KEYS: entry('read'), ...rabbitmq, RABBITMQ_QUEUENAME: 'event.sink' };
  const loaded = loadConfig({ env, readFile: () => '' });
  if ('problems' in loaded) throw new Error(problemReport(loaded.problems));
  const queues = loaded.config.sinks.map(({ queue }) => [queue.sink, queue.name, queue.singleConsumer ?? false]);
  assert.equal(queues, [
    ['local', 'event.sink', false],
    ['usage', 'event-sink.usage', true],
  ]);
});

test('what is wrong is said', () => {
  const env = { API_KEYS: entry('read'), USAGE: 'perhaps', USAGE_SOURCE: 'logs', USAGE_PUBLISHER_ID: 'x' };
  const loaded = loadConfig({ env, readFile: () => '' });
  const names = 'problems' in loaded ? loaded.problems.map(({ name }) => name).sort() : [];
  assert.equal(names, ['USAGE', 'USAGE_PUBLISHER_ID', 'USAGE_SOURCE']);
});

test.run();
