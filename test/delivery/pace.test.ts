import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pace } from '../../src/delivery/pace.js';

const pace = (): Pace => new Pace({ limit: 160, deadlineMs: 30_000 });

test('half as many after each failure, down to one; more by a sixteenth of the limit after each success', () => {
  const one = pace();
  assert.is(one.size, 160);
  for (const expected of [80, 40, 20, 10, 5, 2, 1, 1]) {
    one.failed(one.size);
    assert.is(one.size, expected);
  }
  for (const expected of [11, 21, 31]) {
    one.written(one.size, 5_000);
    assert.is(one.size, expected);
  }
  for (let write = 0; write < 20; write += 1) one.written(one.size, 1);
  assert.is(one.size, 160, 'and no more than the limit');
});

test('a slow write is followed by a smaller one, but no smaller than a sixteenth of the limit', () => {
  const one = pace();
  for (const expected of [80, 40, 20, 10, 10]) {
    one.written(one.size, 10_001);
    assert.is(one.size, expected);
  }
});

test('a destination that takes seconds for each request has full batches again after an outage', () => {
  const one = pace();
  for (let failure = 0; failure < 8; failure += 1) one.failed(one.size);
  assert.is(one.size, 1);
  for (let write = 0; write < 16; write += 1) one.written(one.size, 6_000);
  assert.is(one.size, 160);
});

test('one that takes longer still has no single events either', () => {
  const one = pace();
  for (let failure = 0; failure < 8; failure += 1) one.failed(one.size);
  one.written(one.size, 11_000);
  assert.is(one.size, 10);
});

test('small writes bring it back to its limit, too', () => {
  const one = pace();
  one.failed(160);
  assert.is(one.size, 80);
  for (let write = 0; write < 8; write += 1) one.written(1, 1);
  assert.is(one.size, 160);
});

test('a small write that fails or is slow makes no larger one', () => {
  const one = pace();
  one.failed(3);
  assert.is(one.size, 1);
  const other = pace();
  other.written(40, 29_000);
  assert.is(other.size, 20);
});

test('a limit of one is kept', () => {
  const one = new Pace({ limit: 1, deadlineMs: 30_000 });
  one.failed(1);
  one.written(1, 29_000);
  one.written(1, 1);
  assert.is(one.size, 1);
});

test.run();
