import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { WriterRequest } from '../../src/storage/protocol.js';
import type { Storage } from '../../src/storage/storage.js';
import { columns, inFolder, openStorage, withStorage } from './scratch.js';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** What is sent to the writer while `body` runs: the number of jobs of each group, or the kind of another request. */
async function sentDuring(body: (sent: readonly (number | string)[]) => Promise<void>): Promise<void> {
  const sent: (number | string)[] = [];
  const original = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (this: Worker, request: WriterRequest): void {
    sent.push(request.kind === 'group' ? request.jobs.length : request.kind);
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

test.run();
