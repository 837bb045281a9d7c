import { parseTimestamp } from '../../events/timestamp.js';

/**
 * Times of log lines, read from bytes: epoch ms, NaN when there is none. What nginx writes is read here, for speed;
 * every other form as everywhere in this program, by events/timestamp.ts.
 */

const months = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, index) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    index + 1,
  ]),
);

const [plus, minus, point, slash, zero, colon, space, letterT] = [...'+-./0: T'].map(character =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number];

const localTimeLength = '05/Mar/2024:10:00:00 +0000'.length;
const isoTimeLength = '2024-03-05T10:00:00+00:00'.length;
const msecLength = '1709632800.123'.length;

/** In whatever form it stands: JSON logs put any of them under any name. */
export function timeOf(bytes: Buffer, start: number, end: number): number {
  if (bytes[start + 2] === slash && end - start === localTimeLength) return localTime(bytes, start);
  if (bytes[start + 10] === letterT && end - start === isoTimeLength) {
    const time = isoTime(bytes, start);
    if (!Number.isNaN(time)) return time;
  } else if (bytes[start + 10] === point && end - start === msecLength) {
    const time = unixTime(bytes, start);
    if (!Number.isNaN(time)) return time;
  }
  return parseTimestamp(bytes.toString('latin1', start, end)) ?? Number.NaN;
}

/** `$time_local`: 05/Mar/2024:10:00:00 +0000 */
function localTime(bytes: Buffer, at: number): number {
  const month = months.get((bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!) ?? Number.NaN;
  if (bytes[at + 2] !== slash || bytes[at + 6] !== slash || bytes[at + 11] !== colon || bytes[at + 14] !== colon)
    return Number.NaN;
  if (bytes[at + 17] !== colon || bytes[at + 20] !== space) return Number.NaN;
  return instant(
    pair(bytes, at + 7) * 100 + pair(bytes, at + 9),
    month,
    pair(bytes, at),
    secondOfDay(pair(bytes, at + 12), pair(bytes, at + 15), pair(bytes, at + 18)),
    zoneMinutes(bytes[at + 21]!, pair(bytes, at + 22), pair(bytes, at + 24)),
  );
}

/** `$time_iso8601`: 2024-03-05T10:00:00+00:00 */
function isoTime(bytes: Buffer, at: number): number {
  if (bytes[at + 4] !== minus || bytes[at + 7] !== minus || bytes[at + 13] !== colon || bytes[at + 16] !== colon)
    return Number.NaN;
  if (bytes[at + 22] !== colon) return Number.NaN;
  return instant(
    pair(bytes, at) * 100 + pair(bytes, at + 2),
    pair(bytes, at + 5),
    pair(bytes, at + 8),
    secondOfDay(pair(bytes, at + 11), pair(bytes, at + 14), pair(bytes, at + 17)),
    zoneMinutes(bytes[at + 19]!, pair(bytes, at + 20), pair(bytes, at + 23)),
  );
}

/** `$msec`: 1709632800.123 */
function unixTime(bytes: Buffer, at: number): number {
  let seconds = 0;
  for (let place = 0; place < 10; place += 2) seconds = seconds * 100 + pair(bytes, at + place);
  const last = digit(bytes[at + 13]!);
  return last < 0 ? Number.NaN : seconds * 1000 + pair(bytes, at + 11) * 10 + last;
}

/** 60 is a leap second: the first moment of the next minute. */
function secondOfDay(hour: number, minute: number, second: number): number {
  return hour <= 23 && minute <= 59 && second <= 60 ? hour * 3600 + minute * 60 + second : Number.NaN;
}

function zoneMinutes(sign: number, hours: number, minutes: number): number {
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  if (sign === plus) return hours * 60 + minutes;
  return sign === minus ? -(hours * 60 + minutes) : Number.NaN;
}

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function instant(year: number, month: number, day: number, seconds: number, zone: number): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= monthDays[month - 1]!)) return Number.NaN;
  if (day === 29 && month === 2 && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0))) return Number.NaN;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  return (days * 86_400 + seconds - zone * 60) * 1000;
}

function pair(bytes: Buffer, at: number): number {
  const tens = digit(bytes[at]!);
  const ones = digit(bytes[at + 1]!);
  return tens < 0 || ones < 0 ? Number.NaN : tens * 10 + ones;
}

/** -1 when it is none. */
function digit(byte: number): number {
  return byte >= zero && byte <= zero + 9 ? byte - zero : -1;
}
