import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTimestamp } from '../../../src/events/timestamp.js';
import { timeOf } from '../../../src/nginx/lines/time.js';

const read = (text: string): number => timeOf(Buffer.from(text), 0, Buffer.byteLength(text));

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');
const instants = fc.integer({ min: 0, max: 253_402_300_799 });
const zones = fc.integer({ min: -14 * 60, max: 14 * 60 });

/** Both forms of nginx, of an instant as clocks in that zone show it. */
function written(seconds: number, zone: number) {
  const date = new Date((seconds + zone * 60) * 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  const sign = zone < 0 ? '-' : '+';
  const [hours, minutes] = [two(Math.floor(Math.abs(zone) / 60)), two(Math.abs(zone) % 60)];
  const years = String(year).padStart(4, '0');
  return {
    local: `${two(day)}/${months[month]}/${years}:${clock} ${sign}${hours}${minutes}`,
    iso: `${years}-${two(month + 1)}-${two(day)}T${clock}${sign}${hours}:${minutes}`,
  };
}

test('every second from 1970 to 9999, in every zone', () => {
  fc.assert(
    fc.property(instants, zones, (seconds, zone) => {
      fc.pre(new Date((seconds + zone * 60) * 1000).getUTCFullYear() < 10_000 && seconds + zone * 60 >= 0);
      const text = written(seconds, zone);
      assert.is(read(text.local), seconds * 1000, text.local);
      assert.is(read(text.iso), seconds * 1000, text.iso);
    }),
  );
});

test('fractions of a second, and UTC by its letter', () => {
  assert.is(read('2024-03-05T10:00:00.250Z'), Date.UTC(2024, 2, 5, 10, 0, 0, 250));
  assert.is(read('2024-03-05T10:00:00.123456+01:00'), Date.UTC(2024, 2, 5, 9, 0, 0, 123));
  assert.is(read('2024-03-05T10:00:00'), Date.UTC(2024, 2, 5, 10));
  assert.is(read('1709632800.123'), 1_709_632_800_123);
  assert.is(read('1709632800'), 1_709_632_800_000);
  assert.is(read('1709632800.5'), 1_709_632_800_500);
});

test('the one grammar of times that the program has: a comma before the fraction, zones without minutes, ms and µs', () => {
  assert.is(read('2026-11-26T18:34:52,123+00:00'), Date.UTC(2026, 10, 26, 18, 34, 52, 123));
  assert.is(read('2026-11-26T18:34:52+01'), Date.UTC(2026, 10, 26, 17, 34, 52));
  assert.is(read('2026-11-26 18:34:52.5-0330'), Date.UTC(2026, 10, 26, 22, 4, 52, 500));
  assert.is(read('1709632800123'), 1_709_632_800_123);
  assert.is(read('1709632800123456'), 1_709_632_800_123);
  fc.assert(
    fc.property(instants, zones, fc.constantFrom('', '.5', ',25', '.123456'), (seconds, zone, fraction) => {
      fc.pre(new Date((seconds + zone * 60) * 1000).getUTCFullYear() < 10_000 && seconds + zone * 60 >= 0);
      const { iso } = written(seconds, zone);
      const text = `${iso.slice(0, 19)}${fraction}${iso.slice(19)}`;
      assert.is(read(text), parseTimestamp(text), text);
    }),
  );
});

test('what is not a time', () => {
  for (const text of ['05/Mrz/2024:10:00:00 +0000', 'xx/Mar/2024:10:00:00 +0000', '41/Mar/2024:10:00:00 +0000'])
    assert.ok(Number.isNaN(read(text)), text);
  for (const text of ['2024-13-05T10:00:00Z', 'abcd-03-05T10:00:00Z']) assert.ok(Number.isNaN(read(text)), text);
  for (const text of [
    '',
    '-',
    '12a',
    'now',
    '17.x',
    '24/Mar/2024:25:00:00 +0000',
    '31/Feb/2024:10:00:00 +0000',
    '05/Mar/2024:10:00:00 X000',
  ])
    assert.ok(Number.isNaN(read(text)), text);
});

test.run();
