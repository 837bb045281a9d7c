import { whenNeeded } from '../when-needed.js';
/** Text from events, names and titles, as text of a page or a feed: without control characters. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);
}

/** The same in HTML, apart from the text around it: its direction of writing ends with it. */
export function isolated(text: string): string {
  return `<bdi>${escaped(text)}</bdi>`;
}

const timeFormat = whenNeeded(
  () => new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }),
);

/** `1 July 2026, 12:00 UTC`. */
export function timeInWords(time: number): string {
  return `${timeFormat().format(time).replace(' at ', ', ')} UTC`;
}

/** `2 days 3 hours`, `12 minutes`, `40 seconds`. */
export function durationInWords(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const first = units.findIndex(([, size]) => ms >= size);
  if (first === -1) return 'less than a second';
  let rest = ms;
  const words = units.slice(first, first + 2).flatMap(([name, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count === 0 ? [] : [`${count} ${name}${count === 1 ? '' : 's'}`];
  });
  return words.join(' ');
}
