import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answered, isDeep, type Load, refused } from '../../src/delivery/adaptation.js';
import type { Item } from '../../src/delivery/batch.js';
import { Concurrency } from '../../src/delivery/concurrency.js';
import { Pace } from '../../src/delivery/pace.js';
import { Round } from '../../src/delivery/round.js';

const limits = { count: 160, bytes: 1_000_000, lingerMs: 0 };
const segment = (events: number, length = 1): Item[] =>
  Array.from({ length: events }, () => ({ delivery: { body: 'x'.repeat(length) } }) as Item);
const plenty = Array.from({ length: 8 }, () => segment(160));

/** A load, and rounds of writes of given sizes, answered after given times. */
function set(limit = 4) {
  const load: Load = {
    pace: new Pace({ limit: 160, deadlineMs: 30_000 }),
    concurrency: new Concurrency(limit),
    limits,
  };
  const round = (
    events: readonly number[],
    times: readonly number[],
    { isTrial = false, ahead = plenty } = {},
  ): void => {
    const one = new Round(
      events.map(count => segment(count)),
      { isTrial },
    );
    for (const milliseconds of times) one.answered(milliseconds);
    answered(one, load, ahead);
  };
  /** As many full writes as there may be. */
  const full = (milliseconds: number): void => {
    const { now } = load.concurrency;
    round(Array(now).fill(load.pace.size), Array(now).fill(milliseconds));
  };
  const stands = (): readonly number[] => [load.pace.size, load.concurrency.now];
  return { load, round, full, stands };
}

test('a round is one observation: a slow one of four writes is not four, and costs writes at once and not their size', () => {
  const { full, round, stands } = set();
  for (let number = 0; number < 4; number += 1) full(200);
  assert.equal(stands(), [160, 4]);
  round([160, 160, 160, 160], [15_000, 15_000, 15_000, 15_000]);
  assert.equal(stands(), [160, 2]);
  round([160, 160], [15_000, 100]);
  assert.equal(stands(), [160, 1]);
  round([160], [15_000]);
  assert.equal(stands(), [80, 1], 'one alone is smaller');
});

test('so does a round with a refusal: the size of its writes changes when there was one alone', () => {
  const { full, load, stands } = set();
  for (let number = 0; number < 4; number += 1) full(200);
  refused(new Round([segment(160), segment(160), segment(160), segment(3)]), load);
  assert.equal(stands(), [160, 2]);
  refused(new Round([segment(160)], { isTrial: true }), load);
  assert.equal(stands(), [80, 1]);
});

test('a round of several writes lets the size grow once, and their number not before that is at its limit', () => {
  const { load, full, round, stands } = set();
  refused(new Round([segment(160)]), load);
  refused(new Round([segment(80)]), load);
  assert.equal(stands(), [40, 1]);
  round([40, 40, 40, 40], [1, 1, 1, 1]);
  assert.equal(stands(), [50, 1]);
  for (let number = 0; number < 11; number += 1) full(200);
  assert.equal(stands(), [160, 2], 'with the round after which it was');
});

test('the write that shows that the destination works again does not say that it takes more', () => {
  const { round, stands } = set();
  round([160], [200], { isTrial: true });
  assert.equal(stands(), [160, 1]);
  round([160], [200]);
  assert.equal(stands(), [160, 2]);
});

test('how long small writes took is nothing to compare large ones with', () => {
  const { load, round, full, stands } = set();
  for (let size = 160; size >= 1; size = Math.floor(size / 2)) refused(new Round([segment(size)]), load);
  assert.equal(stands(), [1, 1]);
  round([1], [2], { isTrial: true });
  while (!load.pace.isAtLimit) full(load.pace.size * 3);
  for (let number = 0; number < 4; number += 1) full(480);
  assert.equal(stands(), [160, 4], 'after an outage');
  round([160, 160, 160, 5], [480, 480, 480, 15]);
  full(480);
  assert.equal(stands(), [160, 4], 'after the rest of a batch');
});

test('deep is as many batches as there are writes, each half full, by events or by characters', () => {
  const small = { count: 10, bytes: 1_000, lingerMs: 0 };
  assert.is(isDeep([], 1, small), false);
  assert.is(isDeep([segment(5)], 1, small), true);
  assert.is(isDeep([segment(5)], 2, small), false);
  assert.is(isDeep([segment(5), segment(4)], 2, small), false);
  assert.is(isDeep([segment(10), segment(2, 250)], 2, small), true);
});

test.run();
