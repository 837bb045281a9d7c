import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AnswerPool } from '../../src/http/answer-pool.js';

const KiB = 1024;
const pool = (): AnswerPool => new AnswerPool({ maxAnswerBytes: 8_000 * KiB, maxAnswerBytesPerOwner: 2_000 * KiB });

test('one owner takes its share, half as much again for small answers, and others find room', () => {
  const answers = pool();
  const large = Array.from({ length: 30 }, () => answers.share('a').grow(100 * KiB));
  assert.is(large.filter(Boolean).length, 20);
  const small = Array.from({ length: 60 }, () => answers.share('a').grow(50 * KiB));
  assert.is(small.filter(Boolean).length, 20);
  assert.ok(answers.share('b').grow(2_000 * KiB));
  assert.is(answers.bytes, 5_000 * KiB);
});

test('the last eighth is for those who hold little', () => {
  const answers = pool();
  for (const owner of ['a', 'b', 'c']) assert.ok(answers.share(owner).grow(2_000 * KiB));
  assert.ok(answers.share('d').grow(1_000 * KiB));
  assert.not.ok(answers.share('e').grow(300 * KiB));
  assert.ok(answers.share('e').grow(200 * KiB));
});

test('what is released can be taken again, and only once', () => {
  const answers = pool();
  const first = answers.share('a');
  assert.ok(first.grow(1_500 * KiB));
  assert.not.ok(answers.share('a').grow(1_000 * KiB));
  assert.ok(first.grow(1_000 * KiB), 'it has that already');
  first.release();
  first.release();
  assert.is(answers.bytes, 0);
  assert.ok(answers.share('a').grow(2_000 * KiB));
});

test('an answer larger than a share goes through, one at a time', () => {
  const answers = pool();
  const huge = answers.share('a');
  assert.ok(huge.grow(20_000 * KiB));
  assert.not.ok(answers.share('b').grow(20_000 * KiB));
  huge.release();
  assert.ok(answers.share('b').grow(20_000 * KiB));
});

test.run();
