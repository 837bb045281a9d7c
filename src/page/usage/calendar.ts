/* Months of UTC, written `2026-03` as the API has them: texts that sort. */

const dayMs = 86_400_000;
const long = new Intl.DateTimeFormat('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const short = new Intl.DateTimeFormat('en-US', { month: 'short', timeZone: 'UTC' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

export const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7);
const startOf = (month: string): number => Date.parse(`${month}-01T00:00:00Z`);

/** `March 2026`. */
export const monthInWords = (month: string): string => long.format(startOf(month));
/** `2 March 2026`. */
export const dayInWords = (at: number): string => day.format(at);
/** `2 March 2026, 04:00 to 06:00 UTC`, or both days. */
export function hoursInWords(from: number, to: number): string {
  const [first, last] = [dayInWords(from), dayInWords(to - 1)];
  const clock = (at: number): string => new Date(at).toISOString().slice(11, 16);
  const end = to % dayMs === 0 ? '24:00' : clock(to);
  return `${first}, ${clock(from)} to ${first === last ? '' : `${last}, `}${end} UTC`;
}
/** `Mar`. */
export const monthName = (month: string): string => short.format(startOf(month));
export const yearOf = (month: string): string => month.slice(0, 4);
/** 1 for January. */
export const numberOf = (month: string): number => Number(month.slice(5));

/** @param count may be negative: months before */
export function monthsAfter(month: string, count: number): string {
  return monthOf(Date.UTC(Number(yearOf(month)), numberOf(month) - 1 + count));
}

/** Both included, oldest first. */
export function monthsFrom(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = first; month <= last; month = monthsAfter(month, 1)) months.push(month);
  return months;
}
