import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  dayAfter,
  dayBefore,
  dayMs,
  dayOf,
  lastDayOf,
  monthAfter,
  readDay,
  readMonth,
  startOfDay,
  written,
} from '../src/calendar.js';

test('every day from 1970 to 2110, and the last ones there are', () => {
  let last = 0;
  for (const [from, days] of [
    [0, 51_200],
    [Date.UTC(9999, 0, 1), 365],
  ] as const) {
    for (let day = 0; day < days; day += 1) {
      const time = from + day * dayMs;
      const expected = Number(new Date(time).toISOString().slice(0, 10).replaceAll('-', ''));
      if (dayOf(time) !== expected || dayOf(time + dayMs - 1) !== expected || startOfDay(expected) !== time)
        assert.unreachable(`${expected} is ${dayOf(time)}`);
      last = expected;
    }
  }
  assert.is(last, 99991231);
});

test('the day after and before, and the ends of months', () => {
  assert.equal([dayAfter(20240228), dayAfter(20240229), dayAfter(20251231)], [20240229, 20240301, 20260101]);
  assert.equal([dayBefore(20240301), dayBefore(20260301), dayBefore(20260101)], [20240229, 20260228, 20251231]);
  assert.equal([lastDayOf(202402), lastDayOf(202602), lastDayOf(202612)], [20240229, 20260228, 20261231]);
  assert.equal([monthAfter(202611), monthAfter(202612)], [202612, 202701]);
});

test('days and months as people write them', () => {
  assert.equal([written(20260315), written(202603)], ['2026-03-15', '2026-03']);
  assert.equal([readDay('2026-03-15'), readMonth('2026-03')], [20260315, 202603]);
  for (const text of ['2026-02-30', '2026-3-1', '2026-13-01', '0026-01-01', '2026-03', ''])
    assert.is(readDay(text), undefined, text);
  for (const text of ['2026-13', '2026-00', '2026-3', '2026-03-15', '']) assert.is(readMonth(text), undefined, text);
});

test.run();
