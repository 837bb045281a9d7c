import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Delivery, Subscription } from '../../src/broker/broker.js';
import { FetchAhead } from '../../src/delivery/fetch-ahead.js';
import { delivery } from '../helpers/deliveries.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';

/** A queue whose fetches end when the test says so. */
class Queue {
  readonly fetches: { resolve(deliveries: Delivery[]): void; reject(error: Error): void; signal: AbortSignal }[] = [];
  readonly subscription = {
    next: (_limits: unknown, signal: AbortSignal) =>
      new Promise<Delivery[]>((resolve, reject) => {
        this.fetches.push({ resolve, reject, signal });
        signal.addEventListener('abort', () => resolve([]), { once: true });
      }),
  } as unknown as Subscription;
}

function set(prepare: (deliveries: readonly Delivery[]) => Promise<string[]> = async all => all.map(({ id }) => id)) {
  const clock = new ManualClock();
  const queue = new Queue();
  const fetched: { turn: number; batch: string[] }[] = [];
  const errors: string[] = [];
  const ahead = new FetchAhead<string[]>({
    limits: { count: 10, bytes: 1_000, lingerMs: 0 },
    prepare,
    isWanted: () => true,
    onFetched: (turn, batch) => fetched.push({ turn, batch }),
    onError: error => errors.push((error as Error).message),
    clock,
  });
  return { clock, queue, fetched, errors, ahead };
}

test('one fetch is under way at a time, and the next may start when its batch has arrived', async () => {
  const { queue, fetched, ahead } = set();
  ahead.start(queue.subscription);
  ahead.start(queue.subscription);
  assert.is(queue.fetches.length, 1);
  queue.fetches[0]?.resolve([delivery('a')]);
  await settled();
  assert.equal(fetched, [{ turn: 0, batch: ['a'] }]);
  ahead.start(queue.subscription);
  assert.is(queue.fetches.length, 1, 'the batch was not taken yet');
  assert.ok(ahead.arrived(0));
  ahead.start(queue.subscription);
  assert.is(queue.fetches.length, 2);
});

test('an interruption aborts the fetch; a batch that comes all the same has an old turn', async () => {
  const { queue, fetched, ahead } = set();
  ahead.start(queue.subscription);
  ahead.interrupt();
  assert.ok(queue.fetches[0]?.signal.aborted);
  await settled();
  for (const { turn } of fetched) assert.not(ahead.arrived(turn));
  ahead.start(queue.subscription);
  queue.fetches[1]?.resolve([delivery('b')]);
  await settled();
  assert.equal(fetched.at(-1), { turn: 1, batch: ['b'] });
  assert.ok(ahead.arrived(1));
});

test('a fetch that fails is reported and tried again after a wait', async () => {
  const { clock, queue, fetched, errors, ahead } = set();
  ahead.start(queue.subscription);
  queue.fetches[0]?.reject(new Error('the connection is lost'));
  await settled();
  assert.equal(errors, ['the connection is lost']);
  await clock.pass(100);
  queue.fetches[1]?.resolve([delivery('a')]);
  await settled();
  assert.equal(
    fetched.map(({ batch }) => batch),
    [['a']],
  );
});

test('when preparing fails, the same deliveries are prepared again: what was handed out is not fetched twice', async () => {
  let tries = 0;
  const { clock, queue, fetched, ahead } = set(async all => {
    tries += 1;
    if (tries === 1) throw new Error('the disk is full');
    return all.map(({ id }) => id);
  });
  ahead.start(queue.subscription);
  queue.fetches[0]?.resolve([delivery('a')]);
  await settled();
  await clock.pass(100);
  assert.is(queue.fetches.length, 1);
  assert.equal(fetched, [{ turn: 0, batch: ['a'] }]);
});

test.run();
