import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { niceStep } from '../../../src/page/usage/scale.js';

test('half of the scale is round, whole, and enough for the largest value', () => {
  for (const [max, step] of [
    [0, 1],
    [1, 1],
    [3, 2],
    [11, 6],
    [20, 10],
    [21, 15],
    [3400, 2000],
    [5100, 3000],
    [1_234_567, 800_000],
  ] as const)
    assert.is(niceStep(max), step, String(max));
  for (let max = 1; max < 1e12; max *= 3) {
    const step = niceStep(max);
    assert.ok(Number.isInteger(step) && 2 * step >= max && step <= 1.4 * Math.max(1, max), `${step} for ${max}`);
  }
});

test.run();
