// shares: rabbitmq
// timeout: 120 s
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { FaultProxy } from '../../helpers/servers/proxy.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

/**
 * A client gets no answer and sends its event again: what RabbitMQ has twice then must be one
 * event, to the time that was added to it.
 */

const server = required('rabbitmq', await sharedRabbitMQ());
const { port, pathname } = new URL(server.uri);
const proxy = await FaultProxy.start(Number(port));
const connection = await connect(server.uri);
const channel = await connection.createChannel();
test.after(async () => {
  await connection.close();
  await proxy.stop();
  await server.stop();
});

const event = '{"category":"upload"}';

/** A daemon behind the proxy, and a queue of somebody else's that gets every event too. */
async function withDaemon(body: (daemon: TestDaemon, arrived: readonly string[]) => Promise<void>): Promise<void> {
  const exchange = `retries.${randomUUID().slice(0, 8)}`;
  const queue = `event-sink.${exchange}`;
  const arrived: string[] = [];
  const daemon = new TestDaemon({
    env: {
      RABBITMQ_URI: `amqp://127.0.0.1:${proxy.port}${pathname}`,
      RABBITMQ_EXCHANGENAME: exchange,
      LOCAL_QUEUE: queue,
      OUTBOX_MAX_MB: '0',
    },
  });
  try {
    await daemon.start();
    const { queue: witness } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(witness, exchange, '');
    await channel.consume(witness, message => message && arrived.push(message.content.toString()), { noAck: true });
    await body(daemon, arrived);
  } finally {
    await proxy.set('pass');
    await daemon.remove();
    for (const name of [queue, `${queue}.dead`]) await channel.deleteQueue(name);
    await channel.deleteExchange(exchange);
  }
}

const post = (daemon: TestDaemon): Promise<Response> =>
  daemon.request('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'retry' },
    body: event,
  });

async function accepted(daemon: TestDaemon): Promise<void> {
  await until(async () => (await post(daemon)).status === 202, 'the event is accepted');
  await daemon.drained();
  const { sinks, balanced } = await daemon.json('/v1/ledger');
  assert.ok(balanced, JSON.stringify(sinks));
  assert.is((await daemon.stored('upload')).length, 1);
}

test('the connection breaks between publish and confirm', () =>
  withDaemon(async (daemon, arrived) => {
    await proxy.set({ mode: 'cut-answer', bytes: 0 });
    assert.is((await post(daemon)).status, 503);
    await until(() => arrived.length === 1, 'the event is at the broker although nobody said so');
    await proxy.set('pass');
    await accepted(daemon);
    await until(() => arrived.length === 2, 'the event came again');
    assert.is(arrived[1], arrived[0]);
  }));

test('the daemon is killed between publish and confirm', () =>
  withDaemon(async (daemon, arrived) => {
    await proxy.set({ mode: 'slow', latency: 2_000 });
    const answer = post(daemon).then(
      () => 'answered',
      () => 'no answer',
    );
    await until(() => arrived.length === 1, 'the event is at the broker');
    await daemon.kill();
    assert.is(await answer, 'no answer');
    await proxy.set('pass');
    await daemon.start();
    await accepted(daemon);
    await until(() => arrived.length === 2, 'the event came again');
    assert.is(arrived[1], arrived[0]);
  }));

test.run();
