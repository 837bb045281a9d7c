/** What nginx writes as times, read from bytes: epoch ms, NaN when it is none. */

const months = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, index) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    index + 1,
  ]),
);

const minus = '-'.charCodeAt(0);
const zero = '0'.charCodeAt(0);
const zulu = 'Z'.charCodeAt(0);
const point = '.'.charCodeAt(0);

/** `$time_local`: 05/Mar/2024:10:00:00 +0000 */
export function localTime(bytes: Buffer, at: number): number {
  const month = months.get((bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!) ?? Number.NaN;
  const zone = pair(bytes, at + 22) * 60 + pair(bytes, at + 24);
  return instant(
    pair(bytes, at + 7) * 100 + pair(bytes, at + 9),
    month,
    pair(bytes, at),
    pair(bytes, at + 12) * 3600 + pair(bytes, at + 15) * 60 + pair(bytes, at + 18),
    bytes[at + 21] === minus ? -zone : zone,
  );
}

/** `$time_iso8601`: 2024-03-05T10:00:00+00:00; also with a fraction of a second, and with Z, as other writers of JSON have it. */
export function isoTime(bytes: Buffer, at: number, end: number): number {
  const seconds = pair(bytes, at + 11) * 3600 + pair(bytes, at + 14) * 60 + pair(bytes, at + 17);
  let next = at + 19;
  let fraction = 0;
  if (bytes[next] === point) {
    next += 1;
    for (let scale = 100; next < end && digit(bytes[next]!) >= 0; next += 1, scale /= 10)
      fraction += digit(bytes[next]!) * scale;
  }
  const utc = next === end || bytes[next] === zulu;
  const zone = utc ? 0 : pair(bytes, next + 1) * 60 + pair(bytes, end - 2);
  const ms = instant(
    pair(bytes, at) * 100 + pair(bytes, at + 2),
    pair(bytes, at + 5),
    pair(bytes, at + 8),
    seconds,
    bytes[next] === minus ? -zone : zone,
  );
  return ms + Math.floor(fraction);
}

/** `$msec`: 1709632800.123 */
export function unixTime(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  let at = start;
  for (; at < end && bytes[at] !== point; at += 1) {
    const unit = digit(bytes[at]!);
    if (unit < 0) return Number.NaN;
    value = value * 10 + unit;
  }
  if (at === start) return Number.NaN;
  let ms = value * 1000;
  for (let scale = 100; scale >= 1 && at + 1 < end; scale /= 10) {
    at += 1;
    const unit = digit(bytes[at]!);
    if (unit < 0) return Number.NaN;
    ms += unit * scale;
  }
  return ms;
}

/** Days from civil: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function instant(year: number, month: number, day: number, seconds: number, zoneMinutes: number): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31 && seconds < 86_401)) return Number.NaN;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  return (days * 86_400 + seconds - zoneMinutes * 60) * 1000;
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
