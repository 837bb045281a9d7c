// shares: rabbitmq
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Broker } from '../../../src/broker/broker.js';
import type { Message } from '../../../src/events/message.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { FaultProxy } from '../../helpers/servers/proxy.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const server = required('rabbitmq', await sharedRabbitMQ());
const connection = await connect(server.uri);
const channel = await connection.createChannel();

function named(count: number, ...sinks: readonly string[]): Message[] {
  return messages(count).map(message => ({ ...message, sinks }));
}

async function counts(broker: Broker): Promise<Record<string, readonly number[]>> {
  const { sinks } = await broker.ledger();
  return Object.fromEntries(
    sinks.map(({ sink, accepted, delivered, missing, difference }) => [
      sink,
      [accepted, delivered, missing, difference ?? Number.NaN],
    ]),
  );
}

test('nobody else who is bound to the exchange gets what names sinks', async () => {
  const exchange = `foreign.${definition('events').sink}`;
  const [one, other] = [definition('one'), definition('other')];
  const harness = await openAmqp({ uri: server.uri, exchange }, [one, other]);
  try {
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, exchange, '');
    const open = messages(1);
    await harness.broker.publish([...named(3, one.sink), ...open]);
    const collector = await collect(harness.broker, one.sink);
    await until(() => collector.ids().size === 4, 'all four');
    await collector.stop();
    await until(async () => (await channel.checkQueue(queue)).messageCount === 1, 'the open one');
    const foreign = await channel.get(queue, { noAck: true });
    assert.ok(foreign);
    assert.is(foreign.properties.messageId, open[0]!.id);
    assert.is((await channel.checkQueue(other.name)).messageCount, 1);
    await channel.deleteQueue(queue);
  } finally {
    await harness.close();
  }
});

test('what waits in the outbox goes to the sinks that it names, over a restart too, and is counted once', async () => {
  const proxy = await FaultProxy.start(Number(new URL(server.uri).port));
  const uri = `amqp://127.0.0.1:${proxy.port}${new URL(server.uri).pathname}?heartbeat=1`;
  const [one, other] = [definition('one'), definition('other')];
  const harness = await openAmqp({ uri, removeAt: server.uri }, [one, other]);
  try {
    await proxy.set('refuse');
    const sent = [...named(5, one.sink), ...named(2, one.sink, other.sink), ...messages(3)];
    const kept = async (): Promise<boolean> => (await harness.broker.publish(sent.splice(0, 1))) === 'outbox';
    const count = sent.length;
    await until(kept, 'the outbox');
    while (sent.length > 0) assert.ok(await kept());
    const broker = await harness.reopen();
    assert.ok(broker.status().outbox > 0);
    await proxy.set('pass');
    await until(() => broker.status().outbox === 0, 'an empty outbox');
    const [first, second] = [await collect(broker, one.sink), await collect(broker, other.sink)];
    await until(() => first.ids().size === count && second.ids().size === 5, 'those of each sink');
    const wanted = { [one.sink]: [10, 10, 0, 0], [other.sink]: [5, 5, 0, 0] };
    const counted = async () => JSON.stringify(await counts(broker)) === JSON.stringify(sorted(wanted));
    await until(counted, 'exact counts');
    await first.stop();
    await second.stop();
  } finally {
    await proxy.set('pass');
    await harness.close();
    await proxy.stop();
  }
});

test('published and confirmed for one sink, and never come: missing there, and nowhere else', async () => {
  const [one, other] = [definition('one'), definition('other')];
  const harness = await openAmqp({ uri: server.uri }, [one, other]);
  const { broker } = harness;
  try {
    await broker.publish([...named(7, one.sink), ...messages(2)]);
    await channel.purgeQueue(one.name);
    const missing = async (): Promise<boolean> => (await counts(broker))[one.sink]?.[2] === 9;
    await until(missing, 'nine missing', 60_000, 200);
    assert.equal(await counts(broker), sorted({ [one.sink]: [9, 0, 9, 0], [other.sink]: [2, 0, 0, 0] }));
  } finally {
    await harness.close();
  }
});

function sorted<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
}

test.after(async () => {
  await connection.close();
  await server.stop();
});

test.run();
