import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RetryQueue, retryUntilDone, untilAborted } from '../src/retry.js';
import { hastyClock } from './helpers/clock.js';
import { ManualClock, settled } from './helpers/manual-clock.js';

/** Work that fails this often and then succeeds. */
function failing(times: number) {
  const work = Object.assign(
    async (): Promise<void> => {
      work.tries += 1;
      if (work.tries <= times) throw new Error(`try ${work.tries}`);
    },
    { tries: 0 },
  );
  return work;
}

test('work is tried until it succeeds; every failure is reported with the wait that follows', async () => {
  const clock = hastyClock(0);
  const work = failing(8);
  const reported: [string, number][] = [];
  await retryUntilDone(work, {
    clock,
    signal: new AbortController().signal,
    onError: (error, waitMs) => reported.push([(error as Error).message, waitMs]),
  });
  assert.is(work.tries, 9);
  assert.equal(
    reported.map(([message]) => message),
    ['try 1', 'try 2', 'try 3', 'try 4', 'try 5', 'try 6', 'try 7', 'try 8'],
  );
  assert.equal(
    reported.map(([, waitMs]) => waitMs),
    clock.sleeps,
  );
  for (const [index, ms] of clock.sleeps.entries())
    assert.ok(ms <= Math.min(100 * 2 ** index, 10_000), `${ms} ms at ${index}`);
});

test('an aborted signal ends the wait and the tries, and work is not begun after it', async () => {
  const stop = new AbortController();
  const clock = new ManualClock();
  const work = failing(100);
  const over = retryUntilDone(work, { clock, signal: stop.signal, onError: () => {} });
  await settled();
  stop.abort();
  await over;
  assert.is(work.tries, 1);
  await retryUntilDone(work, { clock, signal: stop.signal, onError: () => {} });
  assert.is(work.tries, 1);
});

test('untilAborted waits for the work, and passes its error on', async () => {
  const errors: unknown[] = [];
  const { signal } = new AbortController();
  let finish: (() => void) | undefined;
  let over = false;
  const waiting = untilAborted(signal, new Promise(resolve => (finish = resolve)), error => errors.push(error)).then(
    () => {
      over = true;
    },
  );
  await settled();
  assert.not(over);
  finish?.();
  await waiting;
  await untilAborted(signal, Promise.reject(new Error('no')), error => errors.push((error as Error).message));
  assert.equal(errors, ['no']);
});

test('untilAborted leaves work behind that outlasts the signal, also one that was aborted before', async () => {
  const stop = new AbortController();
  const never = new Promise<void>(() => {});
  let over = 0;
  const leave = (): Promise<unknown> => untilAborted(stop.signal, never, () => {}).then(() => (over += 1));
  const waiting = leave();
  await settled();
  assert.is(over, 0);
  stop.abort();
  await waiting;
  await leave();
  assert.is(over, 2);
});

test('a queue does its work in order, each piece until it succeeds, and names the line to log', async () => {
  const clock = hastyClock(0);
  const done: string[] = [];
  const lines: string[] = [];
  const queue = new RetryQueue(clock, new AbortController().signal, line => lines.push(line));
  const first = failing(3);
  queue.add('first.delayed', async () => {
    await first();
    done.push('first');
  });
  queue.add('second.delayed', async () => void done.push('second'));
  await queue.done();
  assert.equal(done, ['first', 'second']);
  assert.equal(lines, ['first.delayed', 'first.delayed', 'first.delayed']);
});

test('after the signal a queue does nothing more, and is done', async () => {
  const stop = new AbortController();
  const queue = new RetryQueue(new ManualClock(), stop.signal, () => {});
  const work = failing(100);
  queue.add('work.delayed', work);
  queue.add('work.delayed', work);
  await settled();
  stop.abort();
  await queue.done();
  assert.is(work.tries, 1);
});

test.run();
