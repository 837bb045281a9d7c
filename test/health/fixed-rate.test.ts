import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FixedRate, spread, together } from '../../src/health/fixed-rate.js';

test('ticks keep to the interval however late the timer fires', () => {
  const rate = new FixedRate(100, 1_000);
  assert.is(rate.next(0), 100);
  assert.is(rate.next(107), 993);
  assert.is(rate.next(1_100.5), 999.5);
  assert.is(rate.next(2_099.5), 1_000.5, 'a timer that fires early does not tick twice');
  assert.is(rate.skipped, 0);
});

test('ticks that pass during a long run are skipped, not made up for', () => {
  const rate = new FixedRate(0, 1_000);
  rate.next(0);
  assert.is(rate.next(3_400), 600);
  assert.is(rate.skipped, 3);
  assert.is(rate.next(4_001), 999);
});

test('the first tick is not skipped because it is a little late', () => {
  const rate = new FixedRate(0, 60_000);
  assert.is(rate.next(3), 0);
  assert.is(rate.next(4), 59_996);
  assert.is(rate.skipped, 0);
});

test('a tick that is given back comes when it would have come', () => {
  const rate = new FixedRate(0, 1_000);
  rate.next(0);
  assert.is(rate.next(100), 900);
  rate.giveBack();
  assert.is(rate.next(300), 700);
  assert.is(rate.skipped, 0);
});

test('first ticks that lie close together are one moment, which is never before them', () => {
  const firsts = Array.from({ length: 200 }, (_, index) => together(1_000_000.5 + spread(index, 200) * 10_000, 50));
  assert.is(new Set(firsts).size, 50);
  for (const [index, first] of firsts.entries()) {
    const late = first - (1_000_000.5 + index * 50);
    assert.ok(late >= 0 && late < 200, `${index}: ${late} ms late`);
  }
  assert.is(together(1_000_000, 50), 1_000_000);
});

test('a moment has room for eight, however many targets there are', () => {
  for (const [count, intervalMs] of [
    [200, 1_000],
    [1_000, 5_000],
    [40, 2_000],
    [3, 10_000],
  ] as const) {
    const inMoments = new Map<number, number>();
    for (let index = 0; index < count; index += 1) {
      const moment = together(1_000_000.5 + spread(index, count) * intervalMs, intervalMs / count);
      inMoments.set(moment, (inMoments.get(moment) ?? 0) + 1);
    }
    const largest = Math.max(...inMoments.values());
    assert.ok(largest <= 8, `${count} every ${intervalMs} ms: ${largest} together`);
  }
  assert.is(together(1_000_000.5, Number.POSITIVE_INFINITY), 1_000_200);
  assert.is(together(1_000_000.5, 0), 1_000_000.5);
});

test('over any runs, a tick is on the grid, after the one before, and at most an interval away', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { maxLength: 50 }), fc.integer({ min: 1, max: 2_000 }), (runs, interval) => {
      const rate = new FixedRate(50, interval);
      let now = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const run of runs) {
        const tick = now + rate.next(now);
        assert.ok(tick > last && (tick - 50) % interval === 0 && tick - now <= Math.max(50, 2 * interval));
        last = tick;
        now = tick + run;
      }
    }),
  );
});

test('first runs are spread over the interval', () => {
  assert.equal(
    [0, 1, 2, 3].map(index => spread(index, 4)),
    [0, 0.25, 0.5, 0.75],
  );
});

test.run();
