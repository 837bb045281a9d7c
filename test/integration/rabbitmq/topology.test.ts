// shares: rabbitmq
import { type ConfirmChannel, connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openQueueList } from '../../../src/broker/rabbitmq/topology/queue-list.js';
import { systemClock } from '../../../src/clock.js';
import { SetupError, UnroutableError, UnsupportedError } from '../../../src/errors.js';
import { silentLog } from '../../../src/log.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const { uri, stop } = required('rabbitmq', await sharedRabbitMQ());
const exchange = 'topology.events';
const connection = await connect(uri);
const channel: ConfirmChannel = await connection.createConfirmChannel();

async function failure(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    thrown => thrown,
  );
  assert.instance(error, Error);
  return error;
}

test('a legacy queue with ten thousand messages waiting is adopted as it is, and drained', async () => {
  const queue = { ...definition('legacy'), name: 'event.sink', adopted: true };
  await channel.assertQueue('event.sink', { durable: true });
  for (let number = 0; number < 10_000; number += 1)
    channel.sendToQueue('event.sink', Buffer.from(`{"category":"old","number":${number}}`));
  await channel.waitForConfirms();
  const harness = await openAmqp({ uri, exchange }, [queue]);
  try {
    const collector = await collect(harness.broker, queue.sink, 1_000);
    channel.publish(exchange, '', Buffer.from('{"category":"new"}'));
    await until(() => collector.ids().size === 10_001, 'everything', 60_000, 50);
    await collector.stop();
    // Declared again without arguments, as its owner does.
    assert.is((await channel.assertQueue('event.sink', { durable: true })).messageCount, 0);
  } finally {
    await harness.close();
  }
});

test('a queue to be adopted that is not there is declared', async () => {
  const queue = { ...definition('absent'), adopted: true };
  const harness = await openAmqp({ uri, exchange }, [queue]);
  try {
    assert.is(await harness.broker.publish(messages(1).map(one => ({ ...one, sinks: [queue.sink] }))), 'broker');
  } finally {
    await harness.close();
  }
});

test('a queue that is deleted under us is back with its binding, its consumer goes on, the gap is counted', async () => {
  const [deleted, other] = [definition('deleted'), definition('other')];
  const harness = await openAmqp({ uri, exchange }, [deleted, other]);
  const { broker } = harness;
  try {
    const collector = await collect(broker, deleted.sink);
    await channel.deleteQueue(deleted.name);
    await channel.deleteQueue(other.name);
    const back = async (name: string): Promise<boolean> => (await broker.inspect(name)) !== undefined;
    await until(async () => (await back(deleted.name)) && (await back(other.name)), 'both queues');
    await until(async () => ((await broker.inspect(deleted.name))?.consumers ?? 0) > 0, 'its consumer');
    await until(async () => {
      await broker.publish(messages(1));
      const waiting = (await channel.checkQueue(other.name)).messageCount;
      return waiting > 0 && collector.ids().size > 0;
    }, 'both bindings');
    assert.is(broker.status().gaps, 2);
    assert.match(broker.status().detail, /disappeared 2 times/);
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('the exchange is deleted: nothing that was accepted is lost, exchange and bindings are back', async () => {
  const queue = definition('bound');
  const own = 'deleted.events';
  const harness = await openAmqp({ uri, exchange: own }, [queue]);
  const { broker } = harness;
  try {
    const collector = await collect(broker, queue.sink);
    await channel.deleteExchange(own);
    const all = messages(20);
    for (const message of all) assert.type(await broker.publish([message]), 'string');
    await until(() => collector.ids().size === 20, 'everything');
    assert.is(broker.status().state, 'ready');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('a queue that was declared in another way: said with its remedy, other queues work, nothing is touched', async () => {
  const [mine, wrong] = [definition('right'), definition('wrong')];
  await channel.assertQueue(wrong.name, { durable: true, maxLength: 1_000 });
  const harness = await openAmqp({ uri, exchange }, [mine, wrong]);
  const { broker } = harness;
  try {
    const { state, detail } = broker.status();
    assert.is(state, 'ready');
    assert.match(detail, new RegExp(`queue ${wrong.name} is there already, but declared in another way`));
    assert.match(detail, /RABBITMQ_QUEUE_TYPE|_QUEUE setting/);
    assert.not.match(detail, /amqp:\/\//);
    const collector = await collect(broker, mine.sink);
    await broker.publish(messages(2));
    await until(() => collector.ids().size === 2, 'messages of the other queue');
    const held = await broker.subscribe(wrong.sink, 10);
    assert.equal(await held.next({ count: 1, bytes: 1, lingerMs: 1 }, AbortSignal.timeout(300)), []);
    await held.close();
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('an exchange of another type: a setup fault, and events wait in the outbox', async () => {
  const queue = definition('typed');
  await channel.assertExchange('topic.events', 'topic', { durable: true });
  const harness = await openAmqp({ uri, exchange: 'topic.events' }, [queue]);
  try {
    assert.is(harness.broker.status().state, 'outbox');
    assert.match(harness.broker.status().detail, /durable fanout exchange.*RABBITMQ_EXCHANGENAME/);
    assert.is(await harness.broker.publish(messages(1)), 'outbox');
  } finally {
    await harness.close();
  }
});

test('every quorum queue has the delivery limit, and is found as it was by the next start', async () => {
  const queue = definition('limit');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  try {
    const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 } };
    await channel.assertQueue(queue.name, quorum);
    await channel.assertQueue(`event-sink.${queue.sink}.dead`, quorum);
    await harness.reopen();
    assert.not.match((await harness.reopen()).status().detail, /another way/);
  } finally {
    await harness.close();
  }
});

test('publishing to any exchange or queue: delivered, refused with a reason, and nothing declared', async () => {
  const queue = definition('known');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  const { broker } = harness;
  try {
    await channel.assertQueue('some.extractor', { durable: true });
    await channel.assertExchange('some.topic', 'topic', { durable: true });
    await channel.bindQueue('some.extractor', 'some.topic', 'a.*');
    const properties = { messageId: 'job-1', replyTo: 'clowder.x', correlationId: 'c', headers: { n: 7 }, priority: 3 };
    assert.is(await broker.publishTo({ queue: 'some.extractor' }, '{"n":1}', properties), 'broker');
    const brief = { contentType: 'text/plain', expirationMs: 60_000, persistent: false };
    assert.is(await broker.publishTo({ exchange: 'some.topic', routingKey: 'a.b' }, '{"n":2}', brief), 'broker');
    const first = await until(async () => channel.get('some.extractor', { noAck: true }), 'the first');
    const second = await until(async () => channel.get('some.extractor', { noAck: true }), 'the second');
    assert.is(first.content.toString(), '{"n":1}');
    assert.is(first.properties.messageId, 'job-1');
    assert.is(first.properties.deliveryMode, 2);
    assert.equal(
      [first.properties.replyTo, first.properties.correlationId, first.properties.headers, first.properties.priority],
      ['clowder.x', 'c', { n: 7 }, 3],
    );
    assert.equal(second.properties.headers, {});
    const { contentType, expiration, deliveryMode } = second.properties;
    assert.equal([contentType, expiration, deliveryMode], ['text/plain', '60000', 1]);
    assert.is(second.content.toString(), '{"n":2}');

    const nowhere = await failure(broker.publishTo({ queue: 'no.such.queue' }, '{}'));
    assert.instance(nowhere, UnroutableError);
    assert.match(nowhere.message, /no queue called no.such.queue/);
    const unrouted = await failure(broker.publishTo({ exchange: 'some.topic', routingKey: 'b' }, '{}'));
    assert.match(unrouted.message, /no queue for the routing key/);
    const absent = await failure(broker.publishTo({ exchange: 'no.such.exchange', routingKey: '' }, '{}'));
    assert.instance(absent, UnroutableError);
    assert.match(absent.message, /no exchange called no.such.exchange/);
    assert.is(await broker.inspect('no.such.queue'), undefined);
    assert.is(broker.status().outbox, 0);
    assert.is(await broker.publish(messages(1)), 'broker');
  } finally {
    await channel.deleteQueue('some.extractor');
    await channel.deleteExchange('some.topic');
    await harness.close();
  }
});

test('a queue whose sink is off is an orphan, and can be removed; others are left alone', async () => {
  const [kept, orphan] = [definition('kept'), definition('orphan')];
  const before = await openAmqp({ uri, exchange, keep: true }, [kept, orphan]);
  await before.broker.publish(messages(2));
  await before.close();
  const harness = await openAmqp({ uri, exchange, sinks: [kept.sink, orphan.sink, 'never'] }, [kept]);
  const { broker } = harness;
  try {
    const names = (await broker.queues()).map(({ name, orphaned, ready }) => ({ name, orphaned, ready }));
    assert.equal(names, [
      { name: kept.name, orphaned: false, ready: 2 },
      { name: orphan.name, orphaned: true, ready: 2 },
    ]);
    const outside = await openQueueList({
      nodes: [uri],
      name: 'test',
      sinks: [orphan.sink],
      configured: () => [kept],
      clock: systemClock,
      log: silentLog,
    });
    assert.equal(
      (await outside.list()).map(({ name }) => name),
      [kept.name, orphan.name],
    );
    const consumer = await collect(broker, kept.sink);
    assert.instance(await failure(outside.remove(kept.name)), SetupError);
    await consumer.stop();
    await outside.remove(orphan.name);
    await outside.close();
    assert.instance(await failure(broker.removeQueue(orphan.name)), UnsupportedError);
    assert.instance(await failure(broker.removeQueue('some.extractor')), UnsupportedError);
  } finally {
    await channel.deleteQueue(`event-sink.${orphan.sink}.dead`);
    await harness.close();
  }
});

test.after(async () => {
  await channel.deleteExchange(exchange);
  await connection.close();
  await stop();
});

test.run();
