// shares: rabbitmq
import { spawnSync } from 'node:child_process';
import { type ConfirmChannel, connect, type Options } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DeadDelivery, Delivery } from '../../../src/broker/broker.js';
import { hashOf, timedId } from '../../../src/events/identity.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { FaultProxy } from '../../helpers/servers/proxy.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { definition } from './collector.js';

const { uri, stop } = required('rabbitmq', await sharedRabbitMQ());
const exchange = 'foreign.events';
const connection = await connect(uri);
const channel: ConfirmChannel = await connection.createConfirmChannel();

/** What a consumer gets of messages that somebody else publishes. */
async function received(count: number, publish: () => Promise<unknown> | unknown): Promise<Delivery[]> {
  const queue = definition('foreign');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  try {
    await publish();
    await channel.waitForConfirms();
    const subscription = await harness.broker.subscribe(queue.sink, 100);
    const limits = { count, bytes: 1_000_000, lingerMs: 30_000 };
    const got = await subscription.next(limits, AbortSignal.timeout(60_000));
    await subscription.settle({ done: got, duplicates: 0, filtered: 0, dead: [] });
    return got;
  } finally {
    await harness.close();
  }
}

function send(body: string | Buffer, options: Options.Publish = {}): void {
  channel.publish(exchange, '', Buffer.from(body), options);
}

test('null properties, as Clowder publishes: the id is the time in the body and a hash of the bytes, the same every time', async () => {
  const body = '{"category":"upload","created":1700000000000}';
  const [one, two, other] = await received(3, () => [send(body), send(body), send(`${body} `)]);
  assert.is(one?.id, timedId(1_700_000_000_000, hashOf(body)));
  assert.is(two?.id, one?.id);
  assert.is.not(other?.id, one?.id);
  assert.is(one?.source, 'clowder');
  assert.is(one?.timestamp, undefined);
  assert.ok(Math.abs((one?.received ?? 0) - Date.now()) < 60_000);
});

test('equal messages without a time in them are events of their own, with a timestamp property or without', async () => {
  const body = '{"category":"upload"}';
  const got = await received(8, () => {
    for (let count = 0; count < 3; count += 1) send(body);
    for (const timestamp of [1_700_000_000, 1_700_000_000, 1_700_003_600]) send(body, { timestamp });
    for (let count = 0; count < 2; count += 1) send('Hello World!');
  });
  assert.is(new Set(got.map(({ id }) => id)).size, 8);
  assert.ok(got[3]?.id.startsWith(timedId(1_700_000_000_000, '').slice(0, 12)));
});

test('a redelivery keeps its id: given back, over a lost consumer and over a restart; each of equal ones has its own', async () => {
  const queue = definition('redelivered');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  const limits = { count: 4, bytes: 1_000_000, lingerMs: 30_000 };
  try {
    for (let count = 0; count < 4; count += 1) send('Hello World!');
    await channel.waitForConfirms();
    let subscription = await harness.broker.subscribe(queue.sink, 10);
    const first = await subscription.next(limits, AbortSignal.timeout(60_000));
    const [settled, ...rest] = first;
    const ids = rest.map(({ id }) => id).sort();
    await subscription.settle({ done: [settled!], duplicates: 0, filtered: 0, dead: [] });
    await subscription.requeue(rest);
    const again = () => subscription.next({ ...limits, count: 3 }, AbortSignal.timeout(60_000));
    assert.equal((await again()).map(({ id }) => id).sort(), ids);

    await subscription.pause();
    await subscription.resume();
    assert.equal((await again()).map(({ id }) => id).sort(), ids);
    await subscription.close();

    subscription = await (await harness.reopen()).subscribe(queue.sink, 10);
    send('Hello World!');
    await channel.waitForConfirms();
    const all = await subscription.next(limits, AbortSignal.timeout(60_000));
    const redelivered = all.filter(delivery => delivery.redelivered).map(({ id }) => id);
    const fresh = all.filter(delivery => !delivery.redelivered).map(({ id }) => id);
    assert.equal(redelivered.sort(), ids);
    assert.is(fresh.length, 1);
    assert.not.ok([settled!.id, ...ids].includes(fresh[0]!));
    await subscription.settle({ done: all, duplicates: 0, filtered: 0, dead: [] });
    await subscription.close();
  } finally {
    await harness.close();
  }
});

test('an acknowledgement that the broker never got: the message comes again under the id that it had', async () => {
  const { port, pathname } = new URL(uri);
  const proxy = await FaultProxy.start(Number(port));
  const queue = definition('unacknowledged');
  const harness = await openAmqp({ uri: `amqp://127.0.0.1:${proxy.port}${pathname}`, removeAt: uri, exchange }, [
    queue,
  ]);
  try {
    const subscription = await harness.broker.subscribe(queue.sink, 10);
    const next = () =>
      subscription.next({ count: 1, bytes: 1_000_000, lingerMs: 0 }, AbortSignal.timeout(60_000)).then(([one]) => one!);
    const settle = (one: Delivery) => subscription.settle({ done: [one], duplicates: 0, filtered: 0, dead: [] });
    send('Hello World!');
    const first = await next();
    await proxy.set('black-hole');
    await settle(first);
    proxy.cutAll();
    await proxy.set('pass');
    const again = await next();
    assert.equal([again.redelivered, again.id], [true, first.id]);
    await settle(again);
    send('Hello World!');
    const other = await next();
    assert.is.not(other.id, first.id);
    await settle(other);
  } finally {
    await harness.close();
    await proxy.stop();
  }
});

test("properties of somebody else's: message-id and timestamp count, our headers only when they make sense", async () => {
  const long = 'x'.repeat(200);
  const [named, odd, strange] = await received(3, () => {
    send('{"id":"in the body"}', { messageId: 'their-id', timestamp: 1_700_000_000 });
    send('{}', { messageId: long });
    send('{}', { headers: { 'event-sink-source': 'moon', 'event-sink-received': 'yesterday' }, messageId: 'ünicode' });
  });
  assert.is(named?.id, 'their-id');
  assert.is(named?.timestamp, 1_700_000_000_000);
  assert.is(odd?.id, hashOf(long));
  assert.is(strange?.id, hashOf('ünicode'));
  assert.is(strange?.source, 'clowder');
  assert.type(strange?.received, 'number');
});

test('what we publish comes back as it was, and is written so that others can read it', async () => {
  const queue = definition('own');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  try {
    const received = 1_700_000_000_123;
    await harness.broker.publish([{ id: 'own-1', body: '{"category":"health"}', source: 'health', received }]);
    const message = await until(async () => channel.get(queue.name, { noAck: true }), 'the message');
    assert.is(message.content.toString(), '{"category":"health"}');
    const { messageId, contentType, deliveryMode, timestamp, headers } = message.properties;
    // The queue's own count, which quorum queues add.
    const { 'x-delivery-count': _count, 'event-sink-daemon': daemon, ...ours } = headers ?? {};
    assert.match(String(daemon), /^[0-9a-f-]{36}$/);
    assert.equal(
      { messageId, contentType, deliveryMode, timestamp, headers: ours },
      {
        messageId: 'own-1',
        contentType: 'application/json',
        deliveryMode: 2,
        timestamp: 1_700_000_000,
        headers: {
          'event-sink-source': 'health',
          'event-sink-received': received,
          'event-sink-numbered-for': `exchange ${exchange}`,
          'event-sink-number': 1,
        },
      },
    );
  } finally {
    await harness.close();
  }
});

test("Python's pika, with delivery mode 2", async () => {
  const script = `
import pika, json, sys
connection = pika.BlockingConnection(pika.URLParameters(sys.argv[1]))
channel = connection.channel()
channel.exchange_declare(exchange=sys.argv[2], exchange_type='fanout', durable=True)
event = {"created": 1700000000000, "category": "service_status", "type": "up", "service_name": "clowder"}
channel.basic_publish(exchange=sys.argv[2], routing_key='', body=json.dumps(event), properties=pika.BasicProperties(delivery_mode=2))
connection.close()
`;
  let ran: { status: number | null; stderr: string } = { status: null, stderr: '' };
  if (spawnSync('/usr/bin/python3', ['-c', 'import pika']).status !== 0) {
    process.stdout.write('SKIP pika: python3-pika is not installed\n');
    return;
  }
  const path = new URL(uri).pathname;
  const address = path === '' || path === '/' ? `${uri.replace(/\/$/, '')}/%2F` : uri;
  const [event] = await received(1, () => {
    ran = spawnSync('/usr/bin/python3', ['-c', script, address, exchange], { encoding: 'utf8' });
  });
  assert.is(ran.status, 0, ran.stderr);
  assert.is(JSON.parse(event?.body ?? '').service_name, 'clowder');
});

test('plain text and bytes that are no UTF-8 come as they are; a dead letter of them is re-driven byte for byte', async () => {
  const bytes = Buffer.from([0x48, 0xff, 0xfe, 0x00, 0x80]);
  const queue = definition('bytes');
  const harness = await openAmqp({ uri, exchange }, [queue]);
  const { broker } = harness;
  try {
    send('Hello World!', { timestamp: 1_700_000_000 });
    send(bytes);
    await channel.waitForConfirms();
    const subscription = await broker.subscribe(queue.sink, 10);
    const limits = { count: 2, bytes: 1_000_000, lingerMs: 30_000 };
    const got = await subscription.next(limits, AbortSignal.timeout(60_000));
    assert.is(got[0]?.body, 'Hello World!');
    assert.match(got[1]?.id ?? '', /^[0-9a-f]{32}$/);
    const dead: DeadDelivery[] = got.map(delivery => ({ delivery, reason: 'no JSON', fault: 'poison', attempts: 1 }));
    await subscription.settle({ done: [], duplicates: 0, filtered: 0, dead });
    await subscription.close();

    const { deadLetters } = await broker.deadLetters.list({ sink: queue.sink, limit: 10 });
    assert.equal(
      deadLetters.map(({ reason }) => reason),
      ['no JSON', 'no JSON'],
    );
    assert.equal(deadLetters.map(({ id }) => id).sort(), got.map(({ id }) => id).sort());
    assert.is(await broker.deadLetters.redrive({ sink: queue.sink }), 2);
    const contents: Buffer[] = [];
    const times: unknown[] = [];
    for (let index = 0; index < 2; index += 1) {
      const message = await until(async () => channel.get(queue.name, { noAck: true }), 'a re-driven message');
      contents.push(message.content);
      times.push(message.properties.timestamp);
      assert.is(message.properties.headers?.['event-sink-reason'], undefined);
    }
    assert.ok(contents.some(content => content.equals(bytes)));
    assert.ok(contents.some(content => content.toString() === 'Hello World!'));
    assert.ok(times.includes(1_700_000_000) && times.includes(undefined));
  } finally {
    await harness.close();
  }
});

test.after(async () => {
  await channel.deleteExchange(exchange);
  await connection.close();
  await stop();
});

test.run();
