import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dayIn, daysIn, isZone, startOfDayIn } from '../../src/availability/zone.js';

const iso = (zone: string, day: number): string => new Date(startOfDayIn(zone, day)).toISOString();

test('a day begins at midnight of its zone, in summer and in winter', () => {
  assert.is(iso('UTC', 20260315), '2026-03-15T00:00:00.000Z');
  assert.is(iso('America/Chicago', 20260115), '2026-01-15T06:00:00.000Z');
  assert.is(iso('America/Chicago', 20260715), '2026-07-15T05:00:00.000Z');
  assert.is(iso('Asia/Kathmandu', 20260715), '2026-07-14T18:15:00.000Z');
  assert.is(iso('Europe/Berlin', 20260329), '2026-03-28T23:00:00.000Z');
});

test('where midnight does not exist, at the first moment of the day', () => {
  assert.is(iso('America/Santiago', 20260906), '2026-09-06T04:00:00.000Z');
  assert.is(dayIn('America/Santiago', Date.parse('2026-09-06T03:59:59.999Z')), 20260905);
  // Samoa had no 30 December 2011.
  assert.is(iso('Pacific/Apia', 20111231), '2011-12-30T10:00:00.000Z');
});

test('days of 23 and 25 hours', () => {
  const hours = (first: number, last: number) =>
    daysIn('America/Chicago', first, last).map(({ day, from, until }) => [day, (until - from) / 3_600_000]);
  assert.equal(hours(20260307, 20260309), [
    [20260307, 24],
    [20260308, 23],
    [20260309, 24],
  ]);
  assert.equal(hours(20261031, 20261102), [
    [20261031, 24],
    [20261101, 25],
    [20261102, 24],
  ]);
});

test('what is no time zone', () => {
  assert.ok(isZone('Europe/Berlin'));
  for (const zone of ['Mars/Olympus', '', '../etc/passwd', 'x'.repeat(64)]) assert.not.ok(isZone(zone), zone);
});

test.run();
