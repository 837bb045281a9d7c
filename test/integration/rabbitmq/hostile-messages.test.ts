// timeout: 300 s
import { gzipSync } from 'node:zlib';
import { type ConfirmChannel, connect, type Options } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Status } from '../../../openapi/api-types.js';
import { logIn } from '../../../src/broker/rabbitmq/check/log-in.js';
import { systemClock } from '../../../src/clock.js';
import { hashOf } from '../../../src/events/identity.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

/** What anybody who may publish can send, and what a server that refuses does, to a whole daemon on a real RabbitMQ. */
const rabbitmq = required('rabbitmq', await startRabbitMQ());

const test = suite<{ daemons: TestDaemon[] }>('hostile messages on RabbitMQ');
test.before.each(context => {
  context.daemons = [];
});
test.after.each(async ({ daemons }) => {
  for (const daemon of daemons) await daemon.remove();
  await onChannel(async channel => {
    for (const sink of ['local', 'usage'])
      for (const ending of ['', '.dead']) await channel.deleteQueue(`event-sink.${sink}${ending}`);
  });
});
test.after(() => rabbitmq.stop());

async function onChannel(work: (channel: ConfirmChannel) => Promise<unknown> | unknown): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  await work(channel);
  await channel.waitForConfirms();
  await channel.close();
  await connection.close();
}

async function start(
  context: { daemons: TestDaemon[] },
  env: Readonly<Record<string, string>> = {},
): Promise<TestDaemon> {
  const daemon = new TestDaemon({ env: { RABBITMQ_URI: rabbitmq.uri, ...env } });
  context.daemons.push(daemon);
  return daemon.start();
}

const send = (...messages: readonly (readonly [body: string | Buffer, options?: Options.Publish])[]): Promise<void> =>
  onChannel(channel => {
    for (const [body, options] of messages) channel.publish('clowder.metrics', '', Buffer.from(body), options);
  });

const status = (daemon: TestDaemon): Promise<Status> => daemon.json('/v1/status');
const unset = { timestamp: 2 ** 64 - 2_048 };
const double = (value: number) => ({ headers: { 'event-sink-received': { '!': 'double', value } } });

test('times that are none, in properties and headers: dead letters with their reason, without an outbox too', async context => {
  const daemon = await start(context, { OUTBOX_MAX_MB: '0' });
  // RabbitMQ itself refuses NaN and infinity.
  const odd = [unset, double(-5), double(9e99), double(-1e300), double(0.5)];
  await send(...odd.map(options => ['not JSON', options] as const), [
    '{"category":"upload","resource_name":"after"}',
    unset,
  ]);
  await until(async () => (await status(daemon)).sinks[0]?.dead === odd.length, 'the dead letters');
  await until(async () => (await status(daemon)).sinks[0]?.delivered === 1, 'the event behind them');
  const { dead_letters: deadLetters } = await daemon.json('/v1/dead-letters');
  for (const { reason, body } of deadLetters) {
    assert.match(reason, "the body is not JSON: unexpected 'o' at position 1");
    assert.is(body, 'not JSON');
  }
  const metrics = await (await daemon.request('/metrics')).text();
  assert.match(metrics, /^event_sink_unsettled_dead_letters\{sink="local"\} 0$/m);
});

test('600 of them while RabbitMQ takes nothing for a moment: accepted events leave the outbox, and so do they', async context => {
  const daemon = await start(context);
  await daemon.kill('SIGTERM');
  await send(...Array.from({ length: 600 }, () => ['not JSON', double(-1e300)] as const));
  await rabbitmq.ctl('set_vm_memory_high_watermark', '0.000001');
  try {
    await daemon.launch();
    await until(async () => (await status(daemon)).broker.outbox >= 600, 'dead letters in the outbox', 60_000, 50);
    const accepted = await daemon.post([{ category: 'upload', resource_name: 'accepted' }]);
    assert.is(((await accepted.json()) as { durability: string }).durability, 'outbox');
  } finally {
    await rabbitmq.ctl('set_vm_memory_high_watermark', '0.4');
  }
  await until(async () => (await status(daemon)).sinks[0]?.delivered === 1, 'the accepted event', 60_000, 50);
  await until(async () => (await status(daemon)).broker.outbox === 0, 'an empty outbox', 60_000, 50);
  // One that was on its way when RabbitMQ stopped may be there twice, under one id.
  const { dead_letters: deadLetters } = await daemon.json('/v1/dead-letters?limit=1000');
  assert.is(new Set(deadLetters.map(({ id }) => id)).size, 600);
  const { broker, problems } = await status(daemon);
  assert.is(broker.set_aside, 0);
  assert.equal(
    problems.filter(({ what }) => what.includes('outbox')),
    [],
  );
});

test('bodies that are not UTF-8, packed, torn, or a bomb: stored as meant, or kept byte for byte', async context => {
  const daemon = await start(context);
  const latin = Buffer.from('{"category":"latin","resource_name":"M\xfcller"}', 'latin1');
  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '));
  const torn = gzipSync('{"category":"upload"}').subarray(0, 20);
  const packed = gzipSync('{"category":"upload","resource_name":"Müller","created":1700000000000}');
  const gzip = { contentEncoding: 'gzip' };
  await send(
    [latin],
    [bomb, gzip],
    [torn, gzip],
    ['{"a":NaN}'],
    [packed, gzip],
    ['{"category":"upload"}', { contentEncoding: 'utf-8' }],
  );
  await until(async () => (await status(daemon)).sinks[0]?.dead === 4, 'the dead letters');
  await until(async () => (await status(daemon)).sinks[0]?.delivered === 2, 'the events');
  const kept = async () => {
    const { dead_letters: deadLetters } = await daemon.json('/v1/dead-letters');
    return deadLetters.map(({ reason, body, body_base64 }) => `${reason}: ${hashOf(body_base64 ?? body)}`).sort();
  };
  const expected = [
    `the body is not UTF-8: byte 0xfc at position 38: ${hashOf(latin.toString('base64'))}`,
    `the body (gzip, ${bomb.length} bytes) unpacks to more than 1048576 bytes: ${hashOf(bomb.toString('base64'))}`,
    `the body cannot be unpacked as gzip (unexpected end of file): ${hashOf(torn.toString('base64'))}`,
    `the body is not JSON: unexpected 'N' at position 5; it begins with '{"a":NaN}': ${hashOf('{"a":NaN}')}`,
  ].sort();
  assert.equal(await kept(), expected);
  assert.equal((await daemon.stored('upload')).map(({ resource_name: name }) => name).sort(), ['Müller', undefined]);
  // Sent again they are what they were, and end where they were.
  const headers = { 'content-type': 'application/json' };
  const again = await daemon.request('/v1/dead-letters/redrive', { method: 'POST', headers, body: '{"sink":"local"}' });
  assert.is(((await again.json()) as { redriven: number }).redriven, 4);
  await until(async () => (await kept()).length === 4, 'the dead letters again');
  assert.equal(await kept(), expected);
});

test('a queue or an exchange that is not there, at /v1/publish: 422 with a reason', async context => {
  const daemon = await start(context);
  const publish = (address: object): Promise<Response> =>
    daemon.request('/v1/publish', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...address, message: {} }),
    });
  for (const address of [{ queue: 'gone' }, { exchange: 'gone' }, { exchange: 'amq.topic', routing_key: 'gone' }]) {
    const response = await publish(address);
    assert.is(response.status, 422);
    assert.match(((await response.json()) as { detail: string }).detail, 'gone');
  }
  assert.is((await status(daemon)).broker.outbox, 0);
});

test('a message larger than RabbitMQ allows is set aside with its reason, and nothing else waits', async context => {
  // Channels that are opened from now on.
  await rabbitmq.ctl('eval', 'application:set_env(rabbit, max_message_size, 20000).');
  const daemon = await start(context);
  try {
    const large = { category: 'upload', resource_name: 'large', text: 'x'.repeat(50_000) };
    const answers = await Promise.all([
      daemon.post([large]),
      daemon.post([{ category: 'upload', resource_name: 'small' }]),
    ]);
    for (const { status } of answers) assert.is(status, 202);
    await until(async () => (await status(daemon)).broker.set_aside === 1, 'it to be set aside');
    await until(async () => (await status(daemon)).sinks[0]?.delivered === 1, 'the other');
    const { problems } = await status(daemon);
    assert.match(problems.map(({ what }) => what).join('\n'), /set aside: 1 \(RabbitMQ does not take it: .*larger/);
    await daemon.logged('"msg":"message.refused"');
  } finally {
    await rabbitmq.ctl('eval', 'application:set_env(rabbit, max_message_size, 134217728).');
  }
  // It waits for a broker that takes it.
  await daemon.kill('SIGTERM');
  await daemon.start();
  await until(async () => (await daemon.stored('upload')).length === 2, 'both');
  assert.is((await status(daemon)).broker.set_aside, 0);
});

test('a user without permissions: which one is missing, the command that gives it, few log lines; then all goes on', async context => {
  await rabbitmq.ctl('add_user', 'stranger', 'secret');
  await rabbitmq.ctl('set_permissions', 'stranger', '^$', '^$', '^$');
  const uri = new URL(rabbitmq.uri);
  uri.username = 'stranger';
  uri.password = 'secret';
  const daemon = await start(context, { RABBITMQ_URI: uri.href });
  const missing = async () => (await status(daemon)).problems.find(({ what }) => what.includes('lacks the'));
  const problem = await until(missing, 'the problem');
  assert.match(problem.what, /user of RABBITMQ_URI lacks the configure permission on the (exchange|queue)/);
  assert.not.match(JSON.stringify(await status(daemon)), 'secret');
  assert.is((await daemon.post([{ category: 'upload' }])).status, 202);
  const linesBefore = daemon.output.split('\n').length;
  await new Promise(resolve => setTimeout(resolve, 5_000));
  assert.ok(daemon.output.split('\n').length - linesBefore < 5, daemon.output.slice(-2_000));
  // As a person would, in a shell.
  const [, command = ''] = /rabbitmqctl (set_permissions .*?)\. The daemon/.exec(problem.fix) ?? [];
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  await rabbitmq.ctl(...words);
  await until(async () => (await status(daemon)).sinks[0]?.delivered === 1, 'the event', 60_000, 50);
  await until(async () => (await missing()) === undefined, 'no problem', 60_000, 50);
  await send(['not JSON']);
  await until(async () => (await status(daemon)).sinks[0]?.dead === 1, 'a dead letter');
});

test('amqps at a port that speaks none: a sentence', async () => {
  const error = await logIn(rabbitmq.uri.replace('amqp:', 'amqps:'), systemClock).catch(thrown => thrown as Error);
  assert.instance(error, Error);
  assert.match((error as Error).message, 'does not speak TLS: write amqp:// instead of amqps:// in RABBITMQ_URI');
  assert.not.match((error as Error).message, /SSL|ssl3/);
});

test.run();
