import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { counted, excused, type Hour, uptimeOf } from '../../src/health/uptime.js';

const hourMs = 3_600_000;
const start = 1_772_690_400_000;

function checks(results: readonly boolean[], everyMs: number): readonly Hour[] {
  let hours: readonly Hour[] = [];
  for (const [index, good] of results.entries()) hours = counted(hours, start + index * everyMs, good);
  return hours;
}

test('without checks there is no uptime', () => {
  assert.is(uptimeOf([]), undefined);
  assert.is(uptimeOf([{ hour: start, checks: 0, good: 0 }]), undefined);
});

test('uptime is the share of good checks, to a thousandth of a percent', () => {
  assert.is(uptimeOf(checks([true, true, false], 60_000)), 66.667);
  assert.is(uptimeOf(checks([true, true], 60_000)), 100);
});

test('hours older than a day are forgotten', () => {
  const hours = checks([false, ...Array.from({ length: 24 }, () => true)], hourMs);
  assert.is(hours.length, 24);
  assert.is(uptimeOf(hours), 100);
});

test('excused checks are as many as the window covers of each hour, failed ones first', () => {
  const hours = checks([true, true, false, false], hourMs / 4);
  const now = start + hourMs;
  assert.equal(excused(hours, start + hourMs / 2, now, now), [{ hour: start, checks: 2, good: 2 }]);
  assert.equal(excused(hours, start, now, now), [{ hour: start, checks: 0, good: 0 }]);
  assert.equal(excused(hours, now, now + hourMs, now), hours);
});

test('over any checks and window the counts stay possible, and the share of no hour falls', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.nat(20), fc.nat(20), (results, from, length) => {
      const hours = checks(results, hourMs / 3);
      const now = start + (results.length * hourMs) / 3;
      const after = excused(hours, start + (from * hourMs) / 3, start + ((from + length) * hourMs) / 3, now);
      for (const [index, { checks: all, good }] of after.entries()) {
        assert.ok(good >= 0 && good <= all);
        const { checks: allBefore = 0, good: goodBefore = 0 } = hours[index] ?? {};
        assert.ok(all === 0 || good * allBefore >= goodBefore * all);
      }
    }),
  );
});

test.run();
