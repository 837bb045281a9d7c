// timeout: 180 s
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { until } from '../../helpers/wait.js';

/** RabbitMQ with the users that deploy/rabbitmq/start.sh gives it. */

const passwords = { RABBITMQ_PASSWORD: 'c10wder', RABBITMQ_EVENT_SINK_PASSWORD: 's1nk' };

/** As the image would be started: what the script writes, with the entry point of the image in its place. */
function definitionsIn(folder: string, extra: Readonly<Record<string, string>> = {}): string {
  const file = join(folder, 'definitions.json');
  const entry = join(folder, 'docker-entrypoint.sh');
  writeFileSync(entry, '#!/bin/sh\necho "started $*"\n');
  chmodSync(entry, 0o755);
  const { stdout, stderr } = spawnSync('sh', ['deploy/rabbitmq/start.sh', 'rabbitmq-server'], {
    encoding: 'utf8',
    env: { PATH: `${folder}:${process.env.PATH}`, DEFINITIONS_FILE: file, ...passwords, ...extra },
  });
  assert.is(stdout, 'started rabbitmq-server\n', stderr);
  return file;
}

test('the user that Compose gives the daemon is enough for it, and for nothing else', async () => {
  const rabbitmq = required('rabbitmq', await startRabbitMQ());
  const folder = temporaryFolder();
  const definitions = definitionsIn(folder.path, { EXTRACTION_EVENTS: 'on' });
  // The server of the test runs as another user.
  chmodSync(folder.path, 0o755);
  chmodSync(definitions, 0o644);
  await rabbitmq.ctl('import_definitions', definitions);
  const users = await rabbitmq.ctl('list_users');
  assert.match(users, /^clowder\t\[management\]$/m);
  assert.match(users, /^event-sink\t\[\]$/m);

  const at = (user: string, password: string): string => `amqp://${user}:${password}@127.0.0.1:${rabbitmq.port}/%2F`;
  const clowder = await connect(at('clowder', passwords.RABBITMQ_PASSWORD));
  const exchange = await clowder.createConfirmChannel();
  await exchange.assertExchange('extractors', 'fanout', { durable: true });

  const daemon = await new TestDaemon({
    env: {
      RABBITMQ_URI: at('event-sink', passwords.RABBITMQ_EVENT_SINK_PASSWORD),
      EXTRACTOR_HEARTBEATS: 'on',
      EXTRACTION_EVENTS: 'on',
    },
  }).start();
  await until(async () => (await daemon.json('/v1/status')).broker.state === 'ready', 'a ready broker');
  await until(() => daemon.output.includes('heartbeats.heard'), 'the heartbeats');
  await until(() => daemon.output.includes('tracing.off'), 'the traces');
  await rabbitmq.ctl('trace_on');
  await until(() => daemon.output.includes('tracing.on'), 'tracing');
  exchange.publish('clowder.metrics', '', Buffer.from('{"category":"upload","created":1700000000000}'));
  exchange.publish('clowder.metrics', '', Buffer.from('[]'));
  exchange.publish(
    'extractors',
    '',
    Buffer.from('{"id":"1","queue":"q","extractor_info":{"name":"wordcount","version":"1"}}'),
  );
  await exchange.waitForConfirms();
  assert.is((await daemon.post({ category: 'upload' })).status, 202);
  await until(async () => (await daemon.stored('upload')).length === 2, 'both events');
  await until(async () => (await daemon.stored('extractor_heartbeat')).length === 1, 'the heartbeat');
  await until(async () => (await daemon.json('/v1/dead-letters')).dead_letters.length === 1, 'the dead letter');
  assert.not.match(daemon.output, /lacks the \w+ permission/);

  const own = await connect(at('event-sink', passwords.RABBITMQ_EVENT_SINK_PASSWORD));
  const channel = await own.createChannel();
  const refused = new Promise<{ code?: number }>(resolve => channel.once('error', resolve));
  await channel.assertQueue('extractors.wordcount').catch(() => undefined);
  assert.is((await refused).code, 403);

  await own.close();
  await clowder.close();
  await daemon.kill('SIGTERM');
  await daemon.remove();
  folder.remove();
  await rabbitmq.stop();
});

test('without EXTRACTION_EVENTS it may not read what others send', () => {
  const folder = temporaryFolder();
  const reads = (extra?: Record<string, string>) => {
    const { permissions } = JSON.parse(readFileSync(definitionsIn(folder.path, extra), 'utf8'));
    const { read } = permissions.find(({ user }: { user: string }) => user === 'event-sink');
    return new RegExp(read).test('amq.rabbitmq.trace');
  };
  assert.equal(
    [reads(), reads({ EXTRACTION_EVENTS: 'off' }), reads({ EXTRACTION_EVENTS: 'on' })],
    [false, false, true],
  );
  folder.remove();
});

test('the passwords that it is started with are readable for the server alone', () => {
  const folder = temporaryFolder();
  assert.is(statSync(definitionsIn(folder.path)).mode & 0o777, 0o600);
  folder.remove();
});

test.run();
