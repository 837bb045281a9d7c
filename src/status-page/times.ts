import { durationInWords, timeInWords } from '../printed/markup.js';

/** `1 July 2026, 12:00 UTC to 1 July 2026, 14:00 UTC, 2 hours`. */
export function rangeInWords(from: number, until: number): string {
  return `${timeInWords(from)} to ${timeInWords(until)}, ${durationInWords(until - from)}`;
}

/** When something was, is, or is to be over. */
export function spanInWords(from: number, until: number | null, at: number): string {
  if (until === null) return `Since ${timeInWords(from)}`;
  if (until === from) return timeInWords(from);
  return until > at ? `Since ${timeInWords(from)}, until ${timeInWords(until)} as planned` : rangeInWords(from, until);
}
