import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { judge } from '../../src/health/result.js';
import type { Outcome } from '../../src/health/sample.js';

const times = { average: 0.5, min: 0.4, max: 0.6 };
const outcome = (sent: number, good: number, reason?: string): Outcome => ({ sent, good, times, readings: {}, reason });
const limits = { slowMs: undefined, lossPercent: 99 };

for (const [sent, good, more, finding, loss, reason] of [
  [1, 1, {}, 'up', 0, undefined],
  [4, 4, {}, 'up', 0, undefined],
  [1, 0, {}, 'down', 100, 'refused'],
  [4, 3, {}, 'degraded', 25, '1 of 4 samples failed: refused'],
  [3, 2, {}, 'degraded', 33.33, '1 of 3 samples failed: refused'],
  [4, 3, { lossPercent: 25 }, 'down', 25, 'refused'],
  [100, 1, {}, 'down', 99, 'refused'],
  [4, 0, { lossPercent: 100 }, 'down', 100, 'refused'],
  [0, 0, {}, 'down', 100, 'refused'],
  [2, 2, { slowMs: 499 }, 'degraded', 0, 'slow: answered in 0.5 s, more than 0.499 s'],
  [2, 2, { slowMs: 500 }, 'up', 0, undefined],
] as const)
  test(`${good} of ${sent} good samples, ${JSON.stringify(more)}: ${finding}`, () => {
    const result = judge(outcome(sent, good, good === sent && sent > 0 ? undefined : 'refused'), {
      ...limits,
      ...more,
    });
    assert.equal([result.finding, result.loss, result.reason], [finding, loss, reason]);
  });

test('a run that ended without a sample has a reason', () => {
  assert.is(
    judge({ sent: 0, good: 0, times: undefined, readings: {}, reason: undefined }, limits).reason,
    'no sample was taken',
  );
});

test.run();
