/** Numbers and times as a person reads them. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const full = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

export const number = (value: number): string => whole.format(value);
/** `12,300` below a hundred thousand, `1.2M` above. */
export const short = (value: number): string =>
  Math.abs(value) < 100_000 ? whole.format(value) : compact.format(value);
export const plural = (count: number, noun: string): string => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Events a second, in the unit that keeps the number readable. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0/s';
  if (perSecond < 1 / 60) return `${significant(perSecond * 3600)}/h`;
  if (perSecond < 1) return `${significant(perSecond * 60)}/min`;
  return `${significant(perSecond)}/s`;
}

function significant(value: number): string {
  return value < 10 ? value.toFixed(1).replace(/\.0$/, '') : short(Math.round(value));
}

/** `42 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

export const hourAndMinute = (at: number): string => minute.format(at);
export const date = (at: number): string => day.format(at);
export const dateAndTime = (at: number): string => full.format(at);

/** The time alone for something of today, otherwise the date too. */
export function moment(at: number, today: string): string {
  return new Date(at).toDateString() === today ? clock.format(at) : dateAndTime(at);
}

/** Seconds of a response time, in the unit that keeps the number readable. */
export function seconds(value: number): string {
  if (value === 0) return '0 s';
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** `100 %`, `99.95 %`, `87.5 %`: more digits where they matter, and 100 only when nothing is missing. */
export function percent(value: number): string {
  if (value === 0 || value === 100) return `${value} %`;
  const digits = value > 99 ? 2 : 1;
  return `${Math.min(value, 100 - 10 ** -digits).toFixed(digits)} %`;
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

export function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(value) / 3));
  return `${significant(value / 1000 ** power)} ${byteUnits[power]}`;
}

/** What was transferred, with the digits that count, as reports have it: `1.2 TB`, `48.1 MB`, `763 GB`. */
export function volume(value: number): string {
  let [scaled, power] = [value, 0];
  for (; scaled >= 999.5 && power < byteUnits.length - 1; power += 1) scaled /= 1000;
  const digits = power === 0 || scaled >= 100 ? whole.format(scaled) : scaled.toPrecision(scaled < 10 ? 2 : 3);
  return `${digits} ${byteUnits[power]}`;
}
