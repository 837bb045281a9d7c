// shares: rabbitmq
import type { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Durability } from '../../../src/broker/broker.js';
import { Connection } from '../../../src/broker/rabbitmq/connection.js';
import { systemClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { FaultProxy } from '../../helpers/servers/proxy.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const server = required('rabbitmq', await sharedRabbitMQ());
const { port, pathname } = new URL(server.uri);
const proxy = await FaultProxy.start(Number(port));
/** A second's heartbeat, so that a half-open connection is noticed within the test. */
const uri = `amqp://127.0.0.1:${proxy.port}${pathname}?heartbeat=1`;

async function publishThrough(fault: () => Promise<void>, fix: () => Promise<void>): Promise<void> {
  const queue = definition('cut');
  const harness = await openAmqp({ uri, removeAt: server.uri }, [queue]);
  const { broker } = harness;
  try {
    const collector = await collect(broker, queue.sink);
    const all = messages(600);
    const kinds = new Set<Durability>();
    const publishing: Promise<unknown>[] = [];
    for (let from = 0; from < all.length; from += 10) {
      publishing.push(broker.publish(all.slice(from, from + 10)).then(kind => kinds.add(kind)));
      if (from === 200) {
        // One is confirmed before, however long that takes.
        await publishing[0];
        await fault();
      }
      if (from === 400) await fix();
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    await Promise.all(publishing);
    assert.ok(kinds.has('broker') && kinds.has('outbox'), [...kinds].join());
    await until(() => collector.ids().size === all.length, 'every message');
    await until(() => broker.status().state === 'ready' && broker.status().outbox === 0, 'an empty outbox');
    await collector.stop();
    await until(async () => (await broker.depth(queue.sink)).ready === 0, 'an empty queue');
  } finally {
    await harness.close();
  }
}

test('a connection that is cut: everything is accepted meanwhile, and arrives', async () => {
  await publishThrough(
    () => proxy.set('refuse'),
    () => proxy.set('pass'),
  );
});

test('connections that are reset again and again', async () => {
  await publishThrough(
    async () => {
      proxy.cutAll();
      await proxy.set('cut');
    },
    () => proxy.set('pass'),
  );
});

test('a half-open connection: publishers are answered within seconds, and everything arrives', async () => {
  await publishThrough(
    () => proxy.set('black-hole'),
    async () => {
      await new Promise(resolve => setTimeout(resolve, 6_000));
      proxy.cutAll();
      await proxy.set('pass');
    },
  );
});

test('a broker that does not answer at the start: outbox within the connect timeout, drained later', async () => {
  const queue = definition('silent');
  await proxy.set('black-hole');
  const harness = await openAmqp({ uri, removeAt: server.uri }, [queue]);
  const { broker } = harness;
  try {
    assert.is(broker.status().state, 'outbox');
    assert.match(broker.status().detail, /[Nn]ot connected|does not answer/);
    assert.is(await broker.publish(messages(5)), 'outbox');
    assert.is(broker.status().outbox, 5);
    const collector = await collect(broker, queue.sink);
    proxy.cutAll();
    await proxy.set('pass');
    await until(() => collector.ids().size === 5, 'what was in the outbox');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test('it closes although the broker has stopped answering', async () => {
  const queue = definition('deaf');
  const harness = await openAmqp({ uri, removeAt: server.uri }, [queue]);
  await harness.broker.subscribe(queue.sink, 10);
  await proxy.set('black-hole');
  const began = performance.now();
  try {
    await harness.close();
    assert.ok(performance.now() - began < 45_000);
  } finally {
    proxy.cutAll();
    await proxy.set('pass');
  }
});

test("amqplib's socket is where it is looked for, so that what is written in one turn leaves as one", async () => {
  const connection = new Connection({ nodes: [server.uri], name: 'test', clock: systemClock, log: silentLog });
  await connection.open();
  try {
    await until(() => connection.now() !== undefined, 'the connection');
    const { model } = connection.now()!;
    const { stream } = model.connection as unknown as { readonly stream: Writable };
    const cork = stream.cork;
    let corks = 0;
    stream.cork = () => {
      corks += 1;
      cork.call(stream);
    };
    const channel = await model.createConfirmChannel();
    for (let index = 0; index < 10; index += 1) channel.publish('', `nobody.${index}`, Buffer.from('{}'));
    await channel.waitForConfirms();
    await channel.close();
    assert.ok(corks > 0, 'nothing is written together');
    assert.is(stream.writableCorked, 0);
  } finally {
    await connection.close();
  }
});

test.after(async () => {
  await proxy.stop();
  await server.stop();
});

test.run();
