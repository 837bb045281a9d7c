import { durationInWords, timeInWords } from '../printed/markup.js';
import { whenNeeded } from '../when-needed.js';

const dayFormat = whenNeeded(() => new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }));
const hourFormat = whenNeeded(() => new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' }));

/** `1 July 2026, 12:00 to 14:00 UTC, 2 hours`; two dates where they are not the same. */
export function rangeInWords(from: number, until: number): string {
  const duration = durationInWords(until - from);
  const day = dayFormat().format(from);
  if (day !== dayFormat().format(until)) return `${timeInWords(from)} to ${timeInWords(until)}, ${duration}`;
  return `${day}, ${hourFormat().format(from)} to ${hourFormat().format(until)} UTC, ${duration}`;
}

/** When something was, is, or is to be over. */
export function spanInWords(from: number, until: number | null, at: number): string {
  if (until === null) return `Since ${timeInWords(from)}`;
  if (until === from) return timeInWords(from);
  return until > at
    ? `Since ${timeInWords(from)}, until ${timeAfter(until, from)} as planned`
    : rangeInWords(from, until);
}

/** A time in a story that began at another one: the day is said where it is not the same. */
export function timeAfter(time: number, begun: number): string {
  return dayFormat().format(time) === dayFormat().format(begun)
    ? `${hourFormat().format(time)} UTC`
    : timeInWords(time);
}
