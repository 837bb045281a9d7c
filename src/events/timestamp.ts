/** 9999-12-31T23:59:59.999Z, epoch ms: the last time that an event can have. */
export const latestMs = 253_402_300_799_999;

const numeric = /^\d{1,17}(?:\.\d{1,12})?$/;

/**
 * Date, or date and time; a time without a zone is UTC (the older Python emitters write
 * `datetime.utcnow().isoformat()`).
 */
const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

const year = '(?:19[7-9][0-9]|[2-9][0-9]{3})';
const leapYear =
  '(?:19(?:7[26]|8[048]|9[26])|[2-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[3579][26])00)';
const day =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const date = `(?:${year}-${day}|${leapYear}-02-29)`;
const hour = '(?:[01][0-9]|2[0-3])';
const zone = `(?:[Zz]|[+-]${hour}(?::?[0-5][0-9])?)`;
const time = `${hour}:[0-5][0-9](?::(?:[0-5][0-9]|60)(?:[.,][0-9]{1,12})?)?`;

/**
 * The texts that `parseTimestamp` reads, for JSON Schema. Only at the very edges, where a zone leads out
 * of 1970 to 9999, does it allow more.
 */
export const timestampPattern = `^(?:[0-9]{1,17}(?:[.][0-9]{1,12})?|${date}(?:[Tt ]${time}${zone}?)?)$`;

/** A date with a time to the second, as RFC 3339 has it (a zone may be missing); bounded as `timestampPattern` is. */
export const momentPattern = `^${date}[Tt ]${hour}:[0-5][0-9]:(?:[0-5][0-9]|60)(?:[.,][0-9]{1,12})?${zone}?$`;

/** A day, or a moment with its zone, for JSON Schema. */
export const dayOrMomentPattern = `^${date}(?:T${time}(?:Z|[+-]${hour}:[0-5][0-9]))?$`;

/**
 * A time as Clowder and the older tools write it, as epoch ms: seconds (up to 11 digits), milliseconds (12 to 14),
 * microseconds (15 to 17), each as a number or as a string, or ISO-8601. Fractions are rounded to ms.
 * Undefined when it cannot be read or lies outside 1970 to 9999.
 */
export function parseTimestamp(value: unknown): number | undefined {
  if (typeof value === 'number') return fromNumber(value);
  if (typeof value !== 'string') return undefined;
  return numeric.test(value) ? fromNumber(Number(value)) : fromIso(value);
}

/** By how much the clock of a sender may be ahead, ms. */
const skewMs = 60_000;

/** Whether a time lies after another one, by more than two clocks differ; both epoch ms. */
export function isAhead(time: number, of: number): boolean {
  return time > of + skewMs;
}

/** Whole epoch ms from 1970 to 9999. */
export function isEpochMs(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= latestMs;
}

function fromNumber(value: number): number | undefined {
  if (!(value >= 0 && value < 1e17)) return undefined;
  if (value < 1e11) return Math.round(value * 1000) + 0; // + 0 makes 0 of -0
  return Math.round(value < 1e14 ? value : value / 1000);
}

function fromIso(text: string): number | undefined {
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const at = (index: number): number => Number(parts[index] ?? 0);
  const [year, month, day, hour, minute, second] = [at(1), at(2), at(3), at(4), at(5), at(6)];
  // 60 is a leap second: the first moment of the next minute.
  if (hour > 23 || minute > 59 || second > 60 || at(9) > 23 || at(10) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const fraction = Math.round(Number(`0.${parts[7] ?? 0}`) * 1000);
  const ahead = (parts[8] === '-' ? -1 : 1) * (at(9) * 60 + at(10)) * 60_000;
  const moment = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - ahead;
  return isEpochMs(moment) ? moment : undefined;
}
