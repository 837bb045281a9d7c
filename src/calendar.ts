/*
 * Days and months of UTC as numbers that sort, and that a person can read in a database: 20260315, 202603.
 */

export const dayMs = 86_400_000;

/** From 1970 on. Without a Date, which costs more than all else that is done with an access. */
export function dayOf(time: number): number {
  // Years begin in March here, so that the day that comes and goes is the last. 719,468 days before 1970 is 1 March 0.
  const days = Math.floor(time / dayMs) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0)) * 10_000 + month * 100 + day;
}

/** When a day begins, epoch ms. */
export function startOfDay(day: number): number {
  return Date.UTC(Math.floor(day / 10_000), (Math.floor(day / 100) % 100) - 1, day % 100);
}

export function dayAfter(day: number): number {
  return dayOf(startOfDay(day) + dayMs);
}

export function dayBefore(day: number): number {
  return dayOf(startOfDay(day) - dayMs);
}

export function monthOf(day: number): number {
  return Math.floor(day / 100);
}

export function monthAfter(month: number): number {
  return month % 100 === 12 ? month + 89 : month + 1;
}

export function monthBefore(month: number): number {
  return month % 100 === 1 ? month - 89 : month - 1;
}

/** Whether the last day of a month is over. */
export function isPast(month: number, now: number): boolean {
  return startOfDay(lastDayOf(month)) + dayMs <= now;
}

export function firstDayOf(month: number): number {
  return month * 100 + 1;
}

export function lastDayOf(month: number): number {
  return dayBefore(firstDayOf(monthAfter(month)));
}

/** `2026-03-15`, `2026-03`. */
export function written(period: number): string {
  const digits = String(period);
  return digits.length > 6
    ? `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`
    : `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

/** Undefined when there is no such day. */
export function readDay(text: string): number | undefined {
  const [, year, month, day] = /^([1-9]\d{3})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const read = Number(`${year}${month}${day}`);
  return dayOf(startOfDay(read)) === read ? read : undefined;
}

/** Undefined when there is no such month. */
export function readMonth(text: string): number | undefined {
  const [, year, month] = /^([1-9]\d{3})-(\d\d)$/.exec(text) ?? [];
  return year !== undefined && Number(month) >= 1 && Number(month) <= 12 ? Number(`${year}${month}`) : undefined;
}
