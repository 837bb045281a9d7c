import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from '../../src/delivery/batch.js';
import { Concurrency, isDeep } from '../../src/delivery/concurrency.js';

/** A round of as many writes as it may have now, each answered after this long. */
function round(one: Concurrency, milliseconds: number, deep = true): number {
  one.answered(
    Array.from({ length: one.now }, () => milliseconds),
    deep,
  );
  return one.now;
}

/** At its limit, with a destination that takes 200 ms. */
function quick(limit = 4): Concurrency {
  const one = new Concurrency(limit);
  for (let number = 0; number < limit; number += 1) round(one, 200);
  return one;
}

test('one write more after each round of quick answers, up to the limit', () => {
  const one = new Concurrency(4);
  assert.is(one.now, 1);
  assert.equal(
    [1, 2, 3, 4, 5].map(() => round(one, 200)),
    [2, 3, 4, 4, 4],
  );
});

test('one at a time is the rule, whatever the answers are like', () => {
  const one = new Concurrency();
  for (const milliseconds of [1, 1, 1, 5_000, 1]) assert.is(round(one, milliseconds), 1);
});

test('half as many after a write that the destination could not take, down to one', () => {
  const one = quick(8);
  assert.is(one.now, 8);
  const seen = [1, 2, 3, 4].map(() => {
    one.failed();
    return one.now;
  });
  assert.equal(seen, [4, 2, 1, 1]);
});

test('half as many when one answer of a round takes more than twice as long as is usual', () => {
  const one = quick();
  one.answered([200, 200, 451, 200], true);
  assert.is(one.now, 2);
  one.answered([200, 449], true);
  assert.is(one.now, 3, 'less is still quick');
});

test('a few milliseconds more or less are not slow', () => {
  const one = new Concurrency(4);
  assert.equal(
    [1, 40, 3, 50].map(milliseconds => round(one, milliseconds)),
    [2, 3, 4, 4],
  );
});

test('a destination that slows to a tenth gets one at a time, and several again when that is usual, or when it recovers', () => {
  const one = quick();
  assert.equal(
    [1, 2, 3].map(() => round(one, 2_000)),
    [2, 1, 1],
  );
  assert.is(round(one, 200), 2);
  assert.is(round(one, 200), 3);
  for (let number = 0; number < 200; number += 1) round(one, 2_000);
  assert.is(one.now, 4);
});

test('a queue that is nearly empty, and a round that was not full, say nothing', () => {
  const one = new Concurrency(4);
  for (let number = 0; number < 10; number += 1) round(one, 1, false);
  assert.is(one.now, 1);
  round(one, 200);
  round(one, 200);
  one.answered([200], true);
  one.answered([9_000], true);
  assert.is(one.now, 3);
});

test('deep is as many batches as there are writes, each half full, by events or by characters', () => {
  const limits = { count: 10, bytes: 1_000, lingerMs: 0 };
  const batch = (events: number, length = 1): Item[] =>
    Array.from({ length: events }, () => ({ delivery: { body: 'x'.repeat(length) } }) as Item);
  assert.is(isDeep([], 1, limits), false);
  assert.is(isDeep([batch(5)], 1, limits), true);
  assert.is(isDeep([batch(5)], 2, limits), false);
  assert.is(isDeep([batch(5), batch(4)], 2, limits), false);
  assert.is(isDeep([batch(10), batch(2, 250)], 2, limits), true);
});

test.run();
