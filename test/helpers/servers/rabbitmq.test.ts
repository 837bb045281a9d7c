import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { required } from '../skip.js';
import { until } from '../wait.js';
import { sharedRabbitMQ, startRabbitMQ, startRabbitMQCluster } from './rabbitmq.js';

const node = required('rabbitmq', await startRabbitMQ({ advanced: '[{rabbit, [{consumer_timeout, 4321}]}].\n' }));

async function connected<Result>(uri: string, use: (connection: ChannelModel) => Promise<Result>): Promise<Result> {
  const connection = await connect(uri);
  connection.on('error', () => {});
  try {
    return await use(connection);
  } finally {
    await connection.close().catch(() => {});
  }
}

function publish(uri: string, queue: string): Promise<void> {
  return connected(uri, async connection => {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } });
    channel.sendToQueue(queue, Buffer.from('kept'));
    await channel.waitForConfirms();
  });
}

/** For a moment after a restart a quorum queue has no leader, and a get closes the connection. */
function waiting(uri: string, queue: string): Promise<string> {
  const get = (): Promise<string | undefined> =>
    connected(uri, async connection => {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      const message = await channel.get(queue);
      return message ? message.content.toString() : undefined;
    });
  return until(get, `a message in ${queue}`, 60_000, 100);
}

test('it takes the configuration that the test gives', async () => {
  assert.match(await node.ctl('eval', 'application:get_env(rabbit, consumer_timeout).'), '{ok,4321}');
});

test('its data survives kill -9 and a restart', async () => {
  await publish(node.uri, 'kept');
  await sleep(1_000); // see kill9
  await node.kill9();
  await node.start();
  assert.is(await waiting(node.uri, 'kept'), 'kept');
  await node.restart();
  assert.is(await waiting(node.uri, 'kept'), 'kept');
});

test('those who share a node have a virtual host each', async () => {
  const before = process.env.RABBITMQ_TEST_SHARED;
  process.env.RABBITMQ_TEST_SHARED = node.share();
  try {
    const [one, two] = [required('rabbitmq', await sharedRabbitMQ()), required('rabbitmq', await sharedRabbitMQ())];
    assert.is.not(one.uri, two.uri);
    await publish(one.uri, 'mine');
    await connected(two.uri, async connection => {
      const channel = await connection.createChannel();
      channel.on('error', () => {});
      const failure = await channel.checkQueue('mine').then(
        () => undefined,
        error => error,
      );
      assert.is(failure?.code, 404);
    });
  } finally {
    if (before === undefined) delete process.env.RABBITMQ_TEST_SHARED;
    else process.env.RABBITMQ_TEST_SHARED = before;
  }
});

test('three nodes are one cluster', async () => {
  const cluster = required('rabbitmq', await startRabbitMQCluster());
  try {
    const [one, two] = cluster.nodes;
    await publish(one?.uri ?? '', 'spread');
    await sleep(1_000);
    await one?.kill9();
    assert.is(await waiting(two?.uri ?? '', 'spread'), 'kept');
  } finally {
    await cluster.stop();
  }
});

test.after(() => node.stop());

test.run();
