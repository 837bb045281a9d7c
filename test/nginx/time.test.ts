import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isoTime, localTime, unixTime } from '../../src/nginx/time.js';

const local = (text: string): number => localTime(Buffer.from(text), 0);
const iso = (text: string): number => isoTime(Buffer.from(text), 0, text.length);
const unix = (text: string): number => unixTime(Buffer.from(text), 0, text.length);

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');
const instants = fc.integer({ min: 0, max: 253_402_300_799 });
const zones = fc.integer({ min: -14 * 60, max: 14 * 60 });

/** Both forms of nginx, of an instant as clocks in that zone show it. */
function shown(seconds: number, zone: number) {
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
      const text = shown(seconds, zone);
      assert.is(local(text.local), seconds * 1000, text.local);
      assert.is(iso(text.iso), seconds * 1000, text.iso);
    }),
  );
});

test('fractions of a second, and UTC by its letter', () => {
  assert.is(iso('2024-03-05T10:00:00.250Z'), Date.UTC(2024, 2, 5, 10, 0, 0, 250));
  assert.is(iso('2024-03-05T10:00:00.123456+01:00'), Date.UTC(2024, 2, 5, 9, 0, 0, 123));
  assert.is(iso('2024-03-05T10:00:00'), Date.UTC(2024, 2, 5, 10));
  assert.is(unix('1709632800.123'), 1_709_632_800_123);
  assert.is(unix('1709632800'), 1_709_632_800_000);
  assert.is(unix('1709632800.5'), 1_709_632_800_500);
});

test('what is no time', () => {
  for (const text of ['05/Mrz/2024:10:00:00 +0000', 'xx/Mar/2024:10:00:00 +0000', '41/Mar/2024:10:00:00 +0000'])
    assert.ok(Number.isNaN(local(text)), text);
  for (const text of ['2024-13-05T10:00:00Z', 'abcd-03-05T10:00:00Z']) assert.ok(Number.isNaN(iso(text)), text);
  for (const text of ['', '-', '12a', 'now', '17.x']) assert.ok(Number.isNaN(unix(text)), text);
});

test.run();
