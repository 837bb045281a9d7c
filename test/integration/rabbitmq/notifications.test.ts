import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { WebhookReceiver } from '../../helpers/servers/webhook-receiver.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const rabbitmq = required('rabbitmq', await startRabbitMQ());

test('on RabbitMQ: what others publish there is reported once, over a kill, and the counts balance', async () => {
  const receiver = new WebhookReceiver();
  await receiver.server.start();
  const daemon = new TestDaemon({
    env: {
      RABBITMQ_URI: rabbitmq.uri,
      RABBITMQ_EXCHANGENAME: 'notifications.events',
      NOTIFY_WEBHOOK_URL: `${receiver.server.origin}/hook`,
      NOTIFY_WEBHOOK_SECRET: receiver.secret,
    },
  });
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  const declare = async (type: string): Promise<void> => {
    const event = { category: 'service_status', type, service_name: 'clowder', created: Date.now() };
    channel.publish('notifications.events', '', Buffer.from(JSON.stringify(event)), { messageId: `${type}-1` });
    await channel.waitForConfirms();
  };
  try {
    await daemon.start();
    await declare('down');
    await until(() => receiver.bodies.length === 1, 'a notification');
    await daemon.kill();
    await daemon.start();
    await declare('up');
    await until(() => receiver.bodies.length === 2, 'its end');
    await daemon.drained();
    assert.equal(
      receiver.bodies.map(({ state, service_name }) => [state, service_name]),
      [
        ['down', 'clowder'],
        ['up', 'clowder'],
      ],
    );
    assert.equal(receiver.violations, []);
    const { sinks } = await daemon.json('/v1/status');
    const queues = sinks.map(({ sink, queue }) => [sink, queue]);
    assert.equal(queues.slice(-2), [
      ['notify', 'event-sink.notify'],
      ['notify.webhook', 'event-sink.notify.webhook'],
    ]);
  } finally {
    await daemon.remove();
    await receiver.server.stop();
    for (const sink of ['local', 'usage', 'notify', 'notify.webhook'])
      for (const name of [`event-sink.${sink}`, `event-sink.${sink}.dead`]) await channel.deleteQueue(name);
    await channel.close();
    await connection.close();
  }
});

test.after(() => rabbitmq.stop());
test.run();
