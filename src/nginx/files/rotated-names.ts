import { extname } from 'node:path';
import type { Packing } from './rotated-log.js';

/** Numbers and dates, as logrotate, cronolog and people write them. */
const date = String.raw`\d(?:[\d\-_.T:+Z]|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))*`;
const suffix = String.raw`(?:\.(?:gz|bz2|xz|zst|lzma|lz4|lzo|br|Z|zip|7z))?`;

/**
 * Names that rotation makes of a log's: a number or a date behind it or before its extension, then perhaps the suffix of a program that compresses.
 * `access.log.1`, `access.log-20240305.gz`, `access-2024-03-05.log`; never a neighbour such as `access.log.portal`.
 */
export function rotatedNames(name: string): (other: string) => boolean {
  const extension = extname(name);
  const stem = literal(name.slice(0, name.length - extension.length));
  const behind = new RegExp(`^${literal(name)}[-_.]${date}${suffix}$`);
  const within = new RegExp(`^${stem}[-_.]${date}${literal(extension)}${suffix}$`);
  return other => other !== name && (behind.test(other) || within.test(other));
}

/** Names that differ in their digits alone, such as those of a log named for its day, which a link leads to; and their compressed forms. */
export function datedNames(name: string): (other: string) => boolean {
  const pattern = new RegExp(`^${literal(name).replace(/\d+/g, '\\d+')}${suffix}$`);
  return other => pattern.test(other);
}

export function packingOf(name: string): Packing {
  if (name.endsWith('.gz')) return 'gzip';
  return /\.(?:bz2|xz|zst|lzma|lz4|lzo|br|Z|zip|7z)$/.test(name) ? 'unreadable' : 'plain';
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
