import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { retryAfterMs } from '../src/retry-after.js';

const now = Date.parse('2026-01-01T00:00:00Z');

test('Retry-After in seconds and as a date, bounded', () => {
  assert.is(retryAfterMs('2', now), 2000);
  assert.is(retryAfterMs('0', now), 0);
  assert.is(retryAfterMs('0.5', now), 500);
  assert.is(retryAfterMs('Thu, 01 Jan 2026 00:00:10 GMT', now), 10_000);
  assert.is(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now), 0);
  assert.is(retryAfterMs('99999999999', now), 3_600_000);
  assert.is(retryAfterMs('soon', now), undefined);
  assert.is(retryAfterMs(null, now), undefined);
});

test.run();
