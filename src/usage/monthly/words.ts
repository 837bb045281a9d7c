import { whenNeeded } from '../../when-needed.js';

/** What was left out, for people who did not read the standard. */
const reasons: Readonly<Record<string, string>> = {
  double_click: 'Double clicks: the same user opened the same address again within 30 seconds',
  robot: 'Search engines and other robots',
  extractor: 'Extractors, which work on the data for the platform itself',
  probe: 'Health checks',
  preview: 'Previews that the platform loads by itself',
  unsuccessful: 'Requests that did not succeed',
  misdated: 'Accesses with a time that cannot be true',
  other_source: 'The same acts, seen by another source',
  late: 'Accesses that became known after the month was closed',
};

export function reasonInWords(reason: string): string {
  return reasons[reason] ?? reason.replaceAll('_', ' ');
}

const sources: Readonly<Record<string, string>> = {
  nginx: 'the access log of the web server',
  clowder: 'the events that Clowder publishes',
  browser: 'the pages themselves, in the browser',
};

/** @param names of one source or more, apart by commas */
export function sourceInWords(names: string): string {
  return names
    .split(', ')
    .map(name => sources[name] ?? name)
    .join(' and, in another part of the month, ');
}

const grouped = whenNeeded(() => new Intl.NumberFormat('en-GB'));

/** `12,345`. */
export function number(value: number): string {
  return grouped().format(value);
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.2 GB`, with units of a thousand. */
export function volume(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? number(Math.round(value)) : value.toPrecision(value < 10 ? 2 : 3)} ${units[unit]}`;
}

/** `+12 %`, `−3 %`; undefined where there is nothing to compare with. */
export function change(now: number, before: number): string | undefined {
  if (before === 0) return undefined;
  const percent = Math.round(((now - before) / before) * 100);
  return `${percent < 0 ? '−' : percent > 0 ? '+' : '±'}${number(Math.abs(percent))} %`;
}

const monthNames = whenNeeded(
  () => new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }),
);

/** `2026-03` is `March 2026`. */
export function monthInWords(month: string): string {
  return monthNames().format(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1));
}

const countryNames = whenNeeded(() => new Intl.DisplayNames('en', { type: 'region' }));

export function countryInWords(code: string): string {
  try {
    return countryNames().of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
