import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isAhead, isEpochMs, parseTimestamp } from '../../src/events/timestamp.js';

const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

test('each unit is known by its number of digits', () => {
  const ms = 1_709_542_841_377;
  assert.is(parseTimestamp(1_709_542_841), 1_709_542_841_000);
  assert.is(parseTimestamp(ms), ms);
  assert.is(parseTimestamp(ms * 1000 + 499), ms);
  assert.is(parseTimestamp(99_999_999_999), 99_999_999_999_000); // 11 digits: seconds
  assert.is(parseTimestamp(100_000_000_000), 100_000_000_000); // 12 digits: milliseconds
  assert.is(parseTimestamp(99_999_999_999_999), 99_999_999_999_999); // 14
  assert.is(parseTimestamp(100_000_000_000_000), 100_000_000_000); // 15: microseconds
  assert.is(parseTimestamp('99999999999999000'), 99_999_999_999_999); // 17
  assert.is(parseTimestamp(0), 0);
});

test('fractions are rounded to milliseconds', () => {
  assert.is(parseTimestamp(1_709_542_841.377), 1_709_542_841_377);
  assert.is(parseTimestamp('1709542841.3774999'), 1_709_542_841_377);
  assert.is(parseTimestamp(1_709_542_841_377.6), 1_709_542_841_378);
  assert.is(parseTimestamp('2024-03-04T09:00:41.3776'), 1_709_542_841_378);
  assert.is(parseTimestamp('2024-03-04T09:00:41,5Z'), 1_709_542_841_500);
});

test('ISO-8601 in the forms that tools write', () => {
  const moment = 1_709_542_841_000;
  for (const text of [
    '2024-03-04T09:00:41Z',
    '2024-03-04T09:00:41',
    '2024-03-04 09:00:41',
    '2024-03-04t09:00:41z',
    '2024-03-04T10:00:41+01:00',
    '2024-03-04T10:00:41+0100',
    '2024-03-04T10:00:41+01',
    '2024-03-03T23:30:41-09:30',
    '2024-03-04T09:00:41.000000Z',
  ]) {
    assert.is(parseTimestamp(text), moment, text);
  }
  assert.is(parseTimestamp('2024-03-04'), Date.UTC(2024, 2, 4));
  assert.is(parseTimestamp('2024-03-04T09:00'), Date.UTC(2024, 2, 4, 9));
  assert.is(parseTimestamp('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1)); // leap second
  assert.is(parseTimestamp('2024-02-29'), Date.UTC(2024, 1, 29));
});

test('what is not a time, or not from 1970 to 9999, is refused', () => {
  for (const value of [
    undefined,
    null,
    true,
    {},
    [],
    [1_709_542_841],
    new Date(0),
    10n,
    -1,
    -0.001,
    1e17,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    ' ',
    'now',
    '-1',
    '+1',
    '1e9',
    '0x10',
    ' 1709542841',
    '1709542841 ',
    '123456789012345678',
    '1.',
    '.5',
    '2024-3-4',
    '2024-13-01',
    '2024-00-01',
    '2024-01-00',
    '2023-02-29',
    '2024-04-31',
    '2024-03-04T24:00:00Z',
    '2024-03-04T09:60:00Z',
    '2024-03-04T09:00:61Z',
    '2024-03-04T09:00:00+24:00',
    '2024-03-04T09:00:00+01:60',
    '2024-03-04T09Z',
    '2024-03-04T',
    '2024-03-04Z',
    '1969-12-31T23:59:59Z',
    '1970-01-01T00:00:00+00:01',
    '10000-01-01',
    '+010000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.9999Z',
    '9999-12-31T23:59:60Z',
    '9999-12-31T23:59:59-00:01',
    '2024-03-04T09:00:41Z\n',
    'Mon, 04 Mar 2024 09:00:41 GMT',
  ]) {
    assert.is(parseTimestamp(value), undefined, String(value));
  }
});

test('whatever it makes is whole epoch ms within 1970 to 9999', () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.stringMatching(/^\d{1,18}(\.\d+)?$/),
  );
  fc.assert(
    fc.property(anything, value => {
      const moment = parseTimestamp(value);
      assert.ok(moment === undefined || (isEpochMs(moment) && !Object.is(moment, -0)));
    }),
  );
});

test('milliseconds, their text, microseconds and seconds agree', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e11, max: 1e14 - 1 }), ms => {
      assert.is(parseTimestamp(ms), ms);
      assert.is(parseTimestamp(String(ms)), ms);
      const seconds = Math.floor(ms / 1000);
      assert.is(parseTimestamp(seconds), seconds * 1000);
      assert.is(parseTimestamp(`${ms}000`), ms);
    }),
  );
});

test('a time lies ahead once it does by more than clocks differ', () => {
  assert.equal(
    [0, 60_000, 60_001].map(ms => isAhead(1_800_000_000_000 + ms, 1_800_000_000_000)),
    [false, false, true],
  );
});

test('ISO-8601 of every moment comes back, with any offset', () => {
  const offset = fc.integer({ min: -12 * 60, max: 14 * 60 });
  fc.assert(
    fc.property(fc.integer({ min: 864e5, max: last - 864e5 }), offset, (ms, minutes) => {
      assert.is(parseTimestamp(new Date(ms).toISOString()), ms);
      const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1);
      const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map(n =>
        String(n).padStart(2, '0'),
      );
      assert.is(parseTimestamp(`${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`), ms);
    }),
  );
});

test.run();
