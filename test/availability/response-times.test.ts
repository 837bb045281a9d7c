import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Buckets, bucketOf, merged, percentile } from '../../src/availability/response-times.js';

const bucketsOf = (times: readonly number[]): Buckets => merged(times.map(ms => [[bucketOf(ms), 1]]));

test('what half, 95 and 99 of 100 did not exceed, within 2.5 %', () => {
  const times = Array.from({ length: 1_000 }, (_, place) => (place + 1) * 3.7);
  for (const [share, exact] of [
    [0.5, 1_850],
    [0.95, 3_515],
    [0.99, 3_663],
    [1, 3_700],
  ] as const) {
    const found = percentile(bucketsOf(times), share) as number;
    assert.ok(Math.abs(found / exact - 1) <= 0.025, `${share}: ${found} for ${exact}`);
  }
});

test('one, none, nothing at all, and an hour', () => {
  assert.is(percentile([], 0.5), undefined);
  assert.is(bucketOf(0), 0);
  assert.is(bucketOf(-3), 0);
  const hour = percentile(bucketsOf([3_600_000]), 0.99) as number;
  assert.ok(Math.abs(hour / 3_600_000 - 1) <= 0.025);
});

test('days together are the days of all', () => {
  const [monday, tuesday] = [bucketsOf([1, 2, 3]), bucketsOf([3, 4, 500])];
  assert.equal(merged([monday, tuesday]), bucketsOf([500, 3, 3, 1, 2, 4]));
});

test.run();
