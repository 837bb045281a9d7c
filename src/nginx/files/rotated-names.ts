import { extname } from 'node:path';
import type { Packing } from './rotated-log.js';

const suffix = String.raw`(?:\.(?:gz|bz2|xz|zst|lzma|lz4|lzo|br|Z|zip|7z))?`;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const month = `(?:${months.join('|')})`;
const time = String.raw`(?:[-_.T]?\d{2}(?:[-_.:]?\d{2}){0,2}(?:Z|[+-]\d{2}:?\d{2})?)?`;
const count = String.raw`(?:[-_.]\d{1,3})?`;
const yearFirst = new RegExp(String.raw`^(\d{4})([-_.]?)(\d{2}|${month})\2(\d{2})${time}${count}$`);
const dayFirst = new RegExp(String.raw`^(\d{2})([-_.]?)(${month})\2(\d{4})${time}${count}$`);
const dates = /(?<!\d)\d{4}([-_.]?)\d{2}\1\d{2}(?:[-_.T]?\d{2}(?:[-_.:]?\d{2}){0,2})?(?!\d)/g;

/**
 * A day from 1990 on, as logrotate, cronolog and people write it, perhaps with a time and a
 * number; never a port or an address.
 */
export function isDate(text: string): boolean {
  const first = yearFirst.exec(text);
  if (first !== null && isDay(first[1], first[3], first[4])) return true;
  const last = dayFirst.exec(text);
  if (last !== null) return isDay(last[4], last[3], last[1]);
  return isEpoch(text);
}

/** Seconds, as logrotate writes them for `%s`. */
function isEpoch(text: string): boolean {
  return /^1\d{9}$/.test(text);
}

function isDay(year = '', monthOfYear = '', day = ''): boolean {
  const index = months.indexOf(monthOfYear);
  const number = index === -1 ? Number(monthOfYear) : index + 1;
  const date = new Date(Date.UTC(Number(year), number - 1, Number(day)));
  return Number(year) >= 1990 && date.getUTCMonth() === number - 1 && date.getUTCDate() === Number(day);
}

/**
 * Names that rotation makes of a log's: a small number behind it, or a date behind it or before its extension, then
 * perhaps the suffix of a program that compresses. `access.log.1`, `access.log-20240305.gz`, `access-2024-03-05.log`;
 * never a neighbour such as `access.log.portal` or `access.log.8443`.
 */
export function rotatedNames(name: string): (other: string) => boolean {
  const extension = extname(name);
  const stem = literal(name.slice(0, name.length - extension.length));
  const behind = new RegExp(`^${literal(name)}[-_.](.+?)${suffix}$`);
  const within = new RegExp(`^${stem}[-_.](.+?)${literal(extension)}${suffix}$`);
  return other => {
    if (other === name) return false;
    const after = behind.exec(other)?.[1];
    if (after !== undefined && (/^\d{1,3}$/.test(after) || isDate(after))) return true;
    const between = within.exec(other)?.[1];
    return between !== undefined && isDate(between);
  };
}

/**
 * Names that differ in their dates alone, such as those of a log named for its day, which a link
 * leads to; and their compressed forms.
 */
export function datedNames(name: string): (other: string) => boolean {
  const parts: string[] = [];
  let start = 0;
  for (const { 0: date, index } of name.matchAll(dates)) {
    if (!isDate(date)) continue;
    parts.push(literal(name.slice(start, index)), `(${literal(date).replace(/\d/g, '\\d')})`);
    start = index + date.length;
  }
  const pattern = new RegExp(`^${parts.join('')}${literal(name.slice(start))}${suffix}$`);
  return other => pattern.exec(other)?.slice(1).every(isDate) ?? false;
}

export function packingOf(name: string): Packing {
  if (name.endsWith('.gz')) return 'gzip';
  return /\.(?:bz2|xz|zst|lzma|lz4|lzo|br|Z|zip|7z)$/.test(name) ? 'unreadable' : 'plain';
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
