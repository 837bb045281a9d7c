import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FixedRate, spread } from '../../src/health/fixed-rate.js';

test('beats keep to the interval however late the timer fires', () => {
  const rhythm = new FixedRate(100, 1_000);
  assert.is(rhythm.next(0), 100);
  assert.is(rhythm.next(107), 993);
  assert.is(rhythm.next(1_100.5), 999.5);
  assert.is(rhythm.next(2_099.5), 1_000.5, 'a timer that fires early does not beat twice');
  assert.is(rhythm.skipped, 0);
});

test('beats that pass during a long run are skipped, not made up for', () => {
  const rhythm = new FixedRate(0, 1_000);
  rhythm.next(0);
  assert.is(rhythm.next(3_400), 600);
  assert.is(rhythm.skipped, 3);
  assert.is(rhythm.next(4_001), 999);
});

test('over any runs, a beat is on the grid, after the one before, and at most an interval away', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5_000), { maxLength: 50 }), fc.integer({ min: 1, max: 2_000 }), (runs, interval) => {
      const rhythm = new FixedRate(50, interval);
      let now = 0;
      let last = Number.NEGATIVE_INFINITY;
      for (const run of runs) {
        const tick = now + rhythm.next(now);
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
