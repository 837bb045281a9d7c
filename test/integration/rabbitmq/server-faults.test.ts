// timeout: 180 s
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Durability } from '../../../src/broker/broker.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const server = required('rabbitmq', await startRabbitMQ());
const { uri } = server;

test('killed with -9 and started again under publishing: every publish is accepted, all arrive, once by id', async () => {
  const queue = definition('killed');
  const harness = await openAmqp({ uri }, [queue]);
  const { broker } = harness;
  try {
    const collector = await collect(broker, queue.sink);
    const all = messages(3_000);
    const kinds: Durability[] = [];
    let back: Promise<void> | undefined;
    for (let from = 0; from < all.length; from += 5) {
      kinds.push(await broker.publish(all.slice(from, from + 5)));
      if (from === 500) {
        await server.kill9();
        back = server.start();
      }
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    await back;
    assert.ok(kinds.includes('broker') && kinds.includes('outbox'));
    await until(() => collector.ids().size === all.length, 'every message', 60_000, 50);
    await until(() => broker.status().outbox === 0, 'an empty outbox');
    assert.is(broker.status().state, 'ready');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('killed with -9 while a consumer works: what was settled before stays settled, the rest comes again', async () => {
  const queue = definition('worked');
  const harness = await openAmqp({ uri }, [queue]);
  const { broker } = harness;
  try {
    const all = messages(1_000);
    assert.is(await broker.publish(all), 'broker');
    const subscription = await broker.subscribe(queue.sink, 200);
    const limits = { count: 100, bytes: 1_000_000, lingerMs: 30_000 };
    const { signal } = new AbortController();
    const first = await subscription.next(limits, signal);
    await subscription.settle({ done: first, duplicates: 0, filtered: 0, dead: [] });
    await until(async () => (await broker.depth(queue.sink)).ready === 700, 'the settlement at the broker');
    const held = await subscription.next(limits, signal);
    await server.kill9();
    await server.start();
    // Late: these belong to a channel that is gone.
    await subscription.settle({ done: held, duplicates: 0, filtered: 0, dead: [] });
    await subscription.close();
    const collector = await collect(broker, queue.sink);
    await until(() => collector.ids().size === 900, 'the rest', 60_000, 50);
    const again = collector.ids();
    assert.ok(first.every(({ id }) => !again.has(id)));
    assert.ok(held.every(({ id }) => again.has(id)));
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('a transient message, as Clowder sends it, survives a restart of the broker', async () => {
  const queue = definition('transient');
  const harness = await openAmqp({ uri, exchange: 'transient.events' }, [queue]);
  try {
    const connection = await connect(uri);
    const channel = await connection.createConfirmChannel();
    channel.publish('transient.events', '', Buffer.from('{"category":"upload"}'));
    await channel.waitForConfirms();
    await connection.close();
    await server.restart();
    const collector = await collect(harness.broker, queue.sink);
    await until(() => collector.deliveries.length === 1, 'the message');
    assert.is(collector.deliveries[0]?.body, '{"category":"upload"}');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('short of memory (blocked): publishes go to the outbox at once, consumers and their acknowledgements go on', async () => {
  const queue = definition('blocked');
  const harness = await openAmqp({ uri }, [queue]);
  const { broker } = harness;
  try {
    const before = messages(500);
    assert.is(await broker.publish(before), 'broker');
    await server.ctl('set_vm_memory_high_watermark', '0.000001');
    const kinds = new Set<Durability>();
    const during = messages(200);
    for (let from = 0; from < during.length; from += 10) kinds.add(await broker.publish(during.slice(from, from + 10)));
    assert.ok(kinds.has('outbox'));
    await until(() => broker.status().state === 'outbox', 'the state');
    assert.match(broker.status().detail, /takes no messages now/);
    assert.is(await broker.publish(messages(1, 'late')), 'outbox');

    const collector = await collect(broker, queue.sink);
    await until(() => before.every(({ id }) => collector.ids().has(id)), 'what was there before', 60_000, 50);
    await until(async () => (await broker.depth(queue.sink)).unsettled === 0, 'acknowledgements');
    await server.ctl('set_vm_memory_high_watermark', '0.4');
    await until(() => collector.ids().size === 701, 'everything', 60_000, 50);
    await until(() => broker.status().state === 'ready' && broker.status().outbox === 0, 'an empty outbox');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('every acknowledgement that was sent is at the broker when the process has ended', async () => {
  const queue = definition('exit');
  const harness = await openAmqp({ uri, exchange: 'exit.events' }, [queue]);
  try {
    assert.is(await harness.broker.publish(messages(1_000)), 'broker');
    const child = fork(new URL('./exit-after-settling.js', import.meta.url), [uri, JSON.stringify(queue)]);
    const [code] = await once(child, 'exit');
    assert.is(code, 0);
    await until(async () => {
      const { ready, consumers } = await harness.broker.depth(queue.sink);
      return consumers === 0 && ready === 0;
    }, 'an empty queue');
  } finally {
    await harness.close();
  }
});

test.after(() => server.stop());

test.run();
