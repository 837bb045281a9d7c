import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Concurrency } from '../../src/delivery/concurrency.js';

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
    one.failed(one.now);
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

/** Rounds, with a destination that takes this many writes at once: how many rounds failed, and how many writes went. */
function against(one: Concurrency, takes: number, rounds: number) {
  let [failures, writes] = [0, 0];
  for (let number = 0; number < rounds; number += 1) {
    if (one.now > takes) {
      failures += 1;
      one.failed(one.now);
    } else {
      writes += one.now;
      round(one, 200);
    }
  }
  return { failures, writes };
}

test('a destination that takes a few at once and no more is rarely asked for more, and is used to its full', () => {
  for (const takes of [1, 2, 3, 5, 7]) {
    const { failures, writes } = against(new Concurrency(8), takes, 2_000);
    assert.ok(failures <= 8, `${failures} failures of 2,000 rounds with ${takes} at once`);
    assert.ok(writes > takes * 2_000 * 0.95, `${writes} writes with ${takes} at once`);
  }
});

test('one that takes more again after a while is found out', () => {
  const one = new Concurrency(4);
  against(one, 1, 500);
  assert.is(one.now, 1);
  against(one, 4, 1_000);
  assert.is(one.now, 4);
  assert.is(against(one, 3, 15).failures, 1, 'and from then on the rest is a short one');
  assert.is(against(one, 4, 20).failures, 0);
  assert.is(one.now, 4);
});

test('a write alone that failed says that the destination is down, and nothing of how many it takes', () => {
  const one = quick();
  one.failed(1);
  assert.is(one.now, 1);
  assert.equal(
    [1, 2, 3].map(() => round(one, 200)),
    [2, 3, 4],
  );
});

test('what is usual is found out anew after a failure', () => {
  const one = quick();
  one.failed(1);
  assert.equal(
    [1, 2, 3].map(() => round(one, 2_000)),
    [2, 3, 4],
  );
});

test.run();
