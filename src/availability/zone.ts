import { dayAfter, dayOf, startOfDay } from '../calendar.js';

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether there is such a time zone: `UTC`, `America/Chicago`. */
export function isZone(zone: string): boolean {
  if (zone === 'UTC') return true;
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** When a day (20260315) begins in a time zone, epoch ms: at its first moment, where midnight does not exist. */
export function startOfDayIn(zone: string, day: number): number {
  if (zone === 'UTC') return startOfDay(day);
  const midnight = startOfDay(day);
  let start = midnight - offsetAt(zone, midnight);
  start = midnight - offsetAt(zone, start);
  while (dayIn(zone, start) < day) start += hourMs / 4;
  while (dayIn(zone, start - 1) >= day) start -= hourMs / 4;
  return start;
}

/** The day in which a moment lies there. */
export function dayIn(zone: string, at: number): number {
  return zone === 'UTC' ? dayOf(at) : dayOf(at + offsetAt(zone, at));
}

/** From the first day to the last, with the moments between which they lie. */
export function daysIn(zone: string, first: number, last: number): { day: number; from: number; until: number }[] {
  const days: { day: number; from: number; until: number }[] = [];
  let from = startOfDayIn(zone, first);
  for (let day = first; day <= last; day = dayAfter(day)) {
    const until = startOfDayIn(zone, dayAfter(day));
    days.push({ day, from, until });
    from = until;
  }
  return days;
}

/** The same clock time of the same weekday, this many weeks before; an hour that is left out is the one behind it. */
export function weeksBefore(zone: string, at: number, weeks: number): number {
  if (zone === 'UTC') return at - weeks * weekMs;
  const shown = at + offsetAt(zone, at) - weeks * weekMs;
  return shown - offsetAt(zone, shown - offsetAt(zone, at));
}

/** How much clocks there are ahead of UTC, ms. */
function offsetAt(zone: string, at: number): number {
  const second = Math.floor(at / 1000) * 1000;
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(second)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour % 24, minute, seconds) - second;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-u-hc-h23', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    // Names come from whoever asks; there are about 600.
    if (formats.size < 1_000) formats.set(zone, format);
  }
  return format;
}

/** Days of UTC that a range touches. */
export function daysOfUtc(from: number, until: number): { firstDay: number; lastDay: number } {
  return { firstDay: dayOf(from), lastDay: dayOf(Math.max(from, until - 1)) };
}
