import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recurrenceOf } from '../../src/health/recurrence.js';

const hour = 3_600_000;
const time = (text: string): number => Date.parse(text);
const chicago = (cron: string, hours = 2) =>
  recurrenceOf({ cron, timezone: 'America/Chicago', durationMs: hours * hour, message: undefined });

test('a window begins by the clock of its zone, and is half open', () => {
  const sundays = chicago('0 3 * * SUN');
  const from = time('2026-07-05T08:00:00Z');
  for (const [moment, inside] of [
    [from - 1, false],
    [from, true],
    [from + 2 * hour - 1, true],
    [from + 2 * hour, false],
    [from + 24 * hour, false],
  ] as const)
    assert.is(sundays.windowAt(moment) !== undefined, inside, new Date(moment).toISOString());
  assert.equal(sundays.windowAt(from), { from, until: from + 2 * hour, message: undefined });
});

test('summer time: the same hour on the wall, an hour that is left out, an hour that comes twice', () => {
  const daily = chicago('30 2 * * *', 1);
  const begins = (from: string, until: string) =>
    daily.windowsBetween(time(from), time(until)).map(window => new Date(window.from).toISOString());
  assert.equal(begins('2026-03-07T00:00:00Z', '2026-03-10T00:00:00Z'), [
    '2026-03-07T08:30:00.000Z',
    // 02:30 does not come on that day: the clock goes from 02:00 to 03:00.
    '2026-03-08T08:00:00.000Z',
    '2026-03-09T07:30:00.000Z',
  ]);
  const twice = chicago('30 1 * * *', 1);
  assert.equal(
    twice
      .windowsBetween(time('2026-11-01T00:00:00Z'), time('2026-11-02T00:00:00Z'))
      .map(window => new Date(window.from).toISOString()),
    ['2026-11-01T06:30:00.000Z'],
  );
  // Its hour is an hour that passes, whatever the clock shows meanwhile.
  assert.ok(twice.windowAt(time('2026-11-01T07:29:59Z')));
  assert.is(twice.windowAt(time('2026-11-01T07:30:00Z')), undefined);
});

test('a moment before the last one is found as well', () => {
  const daily = chicago('0 0 * * *', 1);
  for (const moment of ['2026-07-05T05:10:00Z', '2026-07-03T05:10:00Z', '2026-07-04T05:10:00Z'])
    assert.is(daily.windowAt(time(moment))?.from, time(moment.replace('10:00', '00:00')));
  assert.is(daily.windowAt(time('2026-07-03T12:00:00Z')), undefined);
});

test('an open window is the first of those between two moments', () => {
  const found = chicago('0 3 * * *').windowsBetween(time('2026-07-05T09:00:00Z'), time('2026-07-06T08:30:00Z'));
  assert.equal(
    found.map(({ from }) => new Date(from).toISOString()),
    ['2026-07-05T08:00:00.000Z', '2026-07-06T08:00:00.000Z'],
  );
});

test('what cannot be read is said', () => {
  const problem = (cron: string, timezone = 'UTC'): string => {
    try {
      recurrenceOf({ cron, timezone, durationMs: hour, message: undefined });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(problem('61 * * * *'), /^has a cron that cannot be read \(.*61/);
  assert.match(problem('* * * * * *'), /^has a cron that cannot be read/);
  assert.is(problem('0 3 31 2 *'), 'has a cron that never comes');
  assert.is(problem('0 3 * * *', 'Mars/Olympus'), 'has an unknown time zone: Mars/Olympus');
});

test.run();
