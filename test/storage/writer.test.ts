import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { WriterRequest } from '../../src/storage/protocol.js';
import type { Storage } from '../../src/storage/storage.js';
import { columns, inFolder, openStorage, withStorage } from './scratch.js';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** What is sent to the writer while `body` runs: the number of jobs of each group, or the kind of another request. */
async function sentDuring(
  body: (sent: readonly (number | string)[]) => Promise<void>,
  onSent: (worker: Worker) => void = () => {},
): Promise<void> {
  const sent: (number | string)[] = [];
  const original = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, request: WriterRequest): void {
    sent.push(request.kind === 'group' ? request.jobs.length : request.kind);
    onSent(this);
    original.call(this, request);
  } as typeof original;
  try {
    await body(sent);
  } finally {
    Worker.prototype.postMessage = original;
  }
}

const publish = (storage: Storage, from: number, count: number, large: boolean): Promise<unknown> =>
  storage.atomically([['publish', columns(from, count)]], { large });

test('a large job is sent while a group is written, a small one after it', () =>
  withStorage(async storage => {
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    await sentDuring(async sent => {
      const all = [publish(storage, 0, 500, true)];
      await turn();
      assert.equal(sent, [1]);
      all.push(publish(storage, 500, 1, false), publish(storage, 501, 1, false));
      assert.equal(sent, [1], 'small ones wait');
      all.push(publish(storage, 502, 500, true));
      assert.equal(sent, [1, 3], 'and go with a large one');
      all.push(publish(storage, 1_002, 500, true), publish(storage, 1_502, 1, false));
      assert.equal(sent, [1, 3], 'two groups are with the writer at most');
      await Promise.all(all);
      assert.equal(sent, [1, 3, 2]);
    });
    const { rows } = await storage.write('take', { queue: 1, after: 0, count: 2_000, bytes: 1e9, atLeastOne: true });
    assert.equal(
      rows.map(([, id]) => id),
      Array.from({ length: 1_503 }, (_, index) => `id-${index}`),
      'in the order in which they came',
    );
    assert.ok((await storage.ledger()).balanced);
  }));

test('a large job that fails leaves the one before and the one behind it as they are', () =>
  withStorage(async storage => {
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    const first = publish(storage, 0, 300, true);
    await turn();
    const bad = storage.atomically([['publish', { ...columns(300, 1), sinks: [['nobody']] }]], { large: true });
    const [last] = [publish(storage, 400, 300, true)];
    const outcomes = await Promise.allSettled([first, bad, last]);
    assert.equal(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.is((await storage.ledger()).sinks[0]!.accepted, 600);
  }));

test('to close waits for everything that is with the writer', () =>
  inFolder(async dir => {
    const storage = await openStorage(dir);
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    const all = [publish(storage, 0, 500, true)];
    await turn();
    all.push(publish(storage, 500, 500, true), publish(storage, 1_000, 1, false));
    await Promise.all([storage.close(), ...all]);
    const again = await openStorage(dir);
    assert.is((await again.ledger()).sinks[0]!.accepted, 1_001);
    await again.close();
  }));

test('to make room waits until nothing is with the writer', () =>
  withStorage(async storage => {
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    await sentDuring(async sent => {
      const all: Promise<unknown>[] = [publish(storage, 0, 500, true)];
      await turn();
      all.push(publish(storage, 500, 500, true), storage.rebuild());
      assert.equal(sent, [1, 1]);
      await Promise.all(all);
      assert.equal(sent.slice(0, 3), [1, 1, 'rebuild']);
    });
  }));

test('to make room has its turn while there is always more to write, large or not', async () => {
  for (const large of [false, true])
    await withStorage(async storage => {
      await storage.write('declareQueue', { sink: 'a', name: 'a' });
      let written = 0;
      let hasRoom = false;
      const write = async (): Promise<void> => {
        while (!hasRoom && written < 24) {
          written += 1;
          await publish(storage, written, 1, large);
        }
      };
      const all = [write(), write(), write()];
      await turn();
      await storage.rebuild();
      hasRoom = true;
      assert.ok(written < 12, `${written} writes were before`);
      await Promise.all(all);
    });
});

test('when the thread ends, everything that is with it or waits for it is refused', () =>
  inFolder(async dir => {
    const fatal: Error[] = [];
    const storage = await openStorage(dir, { onFatal: error => fatal.push(error) });
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    let worker: Worker | undefined;
    await sentDuring(
      async sent => {
        const all = [publish(storage, 0, 500, true)];
        await turn();
        // Between the two: a thread that is terminated inside of libsql takes the process with it.
        worker!.postMessage({ kind: 'close' });
        all.push(publish(storage, 500, 500, true), publish(storage, 1_000, 1, false), storage.rebuild());
        assert.equal(sent, [1, 'close', 1]);
        const outcomes = await Promise.allSettled(all);
        assert.equal(
          outcomes.map(({ status }) => status),
          ['fulfilled', 'rejected', 'rejected', 'rejected'],
        );
        assert.is(fatal.length, 1);
        await storage.close();
        const again = await openStorage(dir);
        assert.is((await again.ledger()).sinks[0]!.accepted, 500);
        await again.close();
      },
      sender => {
        worker = sender;
      },
    );
  }));

test('what cannot be sent to the thread is refused with its group, and everything else is written', () =>
  withStorage(async storage => {
    const value = (() => '1') as unknown as string;
    const broken = (large: boolean): Promise<unknown> =>
      storage.atomically([['putCheckpoint', { key: 'broken', value }]], { large });
    const outcomes = async (all: readonly Promise<unknown>[]): Promise<readonly string[]> =>
      (await Promise.allSettled(all)).map(one => (one.status === 'rejected' ? one.reason.name : one.status));
    assert.equal(await outcomes([broken(false)]), ['DataCloneError'], 'with nothing under way');
    const all = [storage.checkpoints.put('first', 1)];
    await turn();
    all.push(broken(true) as Promise<void>, storage.checkpoints.put('third', 3));
    assert.equal(await outcomes(all), ['fulfilled', 'DataCloneError', 'fulfilled']);
    assert.equal([await storage.checkpoints.get('first'), await storage.checkpoints.get('third')], [1, 3]);
    assert.is(await storage.checkpoints.get('broken'), undefined);
  }));

test('when the file is found damaged, what was sent behind that is refused too, and not written', () =>
  inFolder(async dir => {
    const first = await openStorage(dir);
    await first.write('declareQueue', { sink: 'a', name: 'a' });
    for (let at = 0; at < 5_000; at += 1_000) await first.write('publish', columns(at, 1_000));
    await first.close();
    const file = await open(join(dir, 'event-sink.db'), 'r+');
    // The first pages hold the schema: it opens. The messages are behind them.
    const { size } = await file.stat();
    for (let at = 60 * 4_096; at < size; at += 4_096) await file.write(Buffer.alloc(4_096, 0xee), 0, 4_096, at);
    await file.close();
    const fatal: Error[] = [];
    const second = await openStorage(dir, { onFatal: error => fatal.push(error) });
    await sentDuring(async sent => {
      const all: Promise<unknown>[] = [
        second.write('take', { queue: 1, after: 0, count: 100_000, bytes: 1e9, atLeastOne: true }),
      ];
      await turn();
      all.push(publish(second, 9_000, 500, true));
      assert.equal(sent, [1, 1]);
      for (const outcome of await Promise.allSettled(all))
        assert.is(outcome.status === 'rejected' && outcome.reason.name, 'CorruptError');
    });
    assert.is(fatal.length, 1);
    await second.close();
    const third = await openStorage(dir);
    const [sink] = (await third.ledger()).sinks;
    assert.is(sink!.accepted, 5_000);
    await third.close();
  }));

test.run();
