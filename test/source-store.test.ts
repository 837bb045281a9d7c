import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EmbeddedBroker } from '../src/broker/embedded/broker.js';
import { systemClock } from '../src/clock.js';
import type { Message } from '../src/events/message.js';
import { silentLog } from '../src/log.js';
import { atomicStore, writeAheadStore } from '../src/source-store.js';
import type { WriteCall } from '../src/storage/calls.js';
import type { Storage } from '../src/storage/storage.js';
import { withStorage } from './storage/scratch.js';

const message = (id: string): Message => ({ id, body: `{"category":"connections"}`, source: 'nginx', received: 1 });
const queue = { sink: 'local', name: 'event-sink.local', adopted: false };

async function brokerOf(storage: Storage): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
  await broker.open([queue]);
  return broker;
}

test('embedded: messages and position are one commit, and the queue wakes', () =>
  withStorage(async storage => {
    const broker = await brokerOf(storage);
    const store = atomicStore<number>('nginx/x', storage.checkpoints, (messages, calls) =>
      broker.publishWith(messages, calls),
    );
    assert.is(await store.load(), undefined);
    const subscription = await broker.subscribe('local', 10);
    const next = subscription.next({ count: 2, bytes: 1e6, lingerMs: 0 }, new AbortController().signal);
    await store.commit([message('a'), message('b')], 17);
    assert.equal(
      (await next).map(({ id }) => id),
      ['a', 'b'],
    );
    assert.is(await store.load(), 17);
    await store.commit([], 18);
    assert.is(await store.load(), 18);
    await subscription.close();
    assert.is((await broker.depth('local')).ready, 2);
    await broker.close();
  }));

test('embedded: when the position cannot be kept, nothing is published', () =>
  withStorage(async storage => {
    const broker = await brokerOf(storage);
    const failing = broker.publishWith([message('a')], [['settle', { queue: 1, seqs: [0] }]]);
    assert.instance(await failing.catch(error => error), Error);
    assert.is((await broker.depth('local')).ready, 0);
    await broker.close();
  }));

test('elsewhere: what was written ahead of a crash is published by the next one, before anything else', () =>
  withStorage(async storage => {
    const published: string[] = [];
    let down = true;
    const publish = async (messages: readonly Message[]): Promise<void> => {
      if (down) throw new Error('down');
      published.push(...messages.map(({ id }) => id));
    };
    const store = writeAheadStore<number>('nginx/x', storage.checkpoints, publish);
    const failing = (work: Promise<unknown>) =>
      work.then(
        () => assert.unreachable(),
        () => undefined,
      );
    await failing(store.commit([message('a')], 1));
    // The same commit again, as the reader does.
    await failing(store.commit([message('a')], 1));
    await failing(store.load());
    down = false;
    assert.is(await store.load(), 1);
    assert.equal(published, ['a']);
    assert.is(await store.load(), 1);
    assert.equal(published, ['a'], 'struck out');
    await store.commit([message('b')], 2);
    await store.commit([], 3);
    assert.is(await store.load(), 3);
    assert.equal(published, ['a', 'b']);
  }));

test('what is written with a position is written once, however often its commit is tried', () =>
  withStorage(async storage => {
    const broker = await brokerOf(storage);
    let down = true;
    const stores = [
      atomicStore<number>('a', storage.checkpoints, (messages, calls) =>
        down ? Promise.reject(new Error('down')) : broker.publishWith(messages, calls),
      ),
      writeAheadStore<number>('b', storage.checkpoints, async () => {
        if (down) throw new Error('down');
      }),
    ];
    for (const [index, store] of stores.entries()) {
      const noted = (hour: number): WriteCall[] => [
        ['noteUsageGaps', { gaps: [{ hour, reason: 'unread_lines', origin: `log ${index}`, ms: 0, count: 3 }] }],
      ];
      const calls = noted(0);
      down = true;
      assert.instance(await store.commit([message('a')], 1, calls).catch(error => error), Error);
      down = false;
      await store.commit([message('a')], 1, calls);
      await store.commit([], 2, noted(0));
    }
    const gaps = await storage.read('usageGaps', { from: 0, to: 1 });
    assert.equal(
      gaps.map(({ origin, count }) => [origin, count]),
      [
        ['log 0', 6],
        ['log 1', 6],
      ],
    );
    await broker.close();
  }));

test('from one broker to another: what was written ahead for the old one goes to the new one', () =>
  withStorage(async storage => {
    const broker = await brokerOf(storage);
    const elsewhere = writeAheadStore<number>('nginx/x', storage.checkpoints, async () => {
      throw new Error('down');
    });
    await elsewhere.commit([message('a')], 1).catch(() => undefined);
    const embedded = atomicStore<number>('nginx/x', storage.checkpoints, (messages, calls) =>
      broker.publishWith(messages, calls),
    );
    assert.is(await embedded.load(), 1);
    assert.is(await embedded.load(), 1);
    assert.is((await broker.depth('local')).ready, 1);
    await broker.close();
  }));

test('what is for a sink that is off by now goes nowhere, and the rest goes on', () =>
  withStorage(async storage => {
    const down = async (): Promise<void> => {
      throw new Error('down');
    };
    const elsewhere = writeAheadStore<number>('nginx/x', storage.checkpoints, down, () => ['local', 'usage']);
    const written = [
      message('open'),
      { ...message('for usage'), sinks: ['usage'] },
      { ...message('for both'), sinks: ['local', 'usage'] },
    ];
    await elsewhere.commit(written, 1).catch(() => undefined);
    const published: Message[] = [];
    const publish = async (messages: readonly Message[]): Promise<void> => {
      published.push(...messages);
    };
    const store = writeAheadStore<number>('nginx/x', storage.checkpoints, publish, () => ['local']);
    assert.is(await store.load(), 1);
    await store.commit([{ ...message('later'), sinks: ['usage'] }], 2);
    assert.is(await store.load(), 2);
    assert.equal(
      published.map(({ id, sinks }) => [id, sinks]),
      [
        ['open', undefined],
        ['for both', ['local']],
      ],
    );
  }));

test.run();
