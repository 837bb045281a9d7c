import type { IncomingHttpHeaders } from 'node:http';
import { quoted } from '../../comparison.js';
import { type ExaminedBody, maxReceivedBytes } from './body.js';
import type { Expected, HttpCheck } from './check.js';

const tooLong = 'longer than 1 MiB, not looked at';

/** Why a status is not as expected, in words; undefined when it is. */
export function statusMismatch({ status: ranges }: HttpCheck['expect'], status: number): string | undefined {
  if (ranges.some(([min, max]) => status >= min && status <= max)) return undefined;
  return `status ${status} instead of ${ranges.map(rangeInWords).join(', ')}`;
}

/** Why a header is not as expected, in words; undefined when all are. */
export function headerMismatch({ headers }: HttpCheck['expect'], found: IncomingHttpHeaders): string | undefined {
  return firstMismatch(headers, name => {
    const value = found[name];
    return Array.isArray(value) ? value.join(', ') : value;
  })?.replace(/^/, 'header ');
}

/** Whether anything is expected of the body. */
export function expectsBody({ body, matches, json }: HttpCheck['expect']): boolean {
  return body !== undefined || matches !== undefined || json.length > 0;
}

/** How much is read of a body of which nothing is expected, to see that it comes. */
const unaskedBytes = 64 * 1024;

/**
 * After how many bytes a body has been read enough; 0 = it is not read at all. A download would be one with each check,
 * and a stream of events has no end.
 * @param timed its time is judged, which is more than that of its beginning
 */
export function bytesWanted(expect: HttpCheck['expect'], headers: IncomingHttpHeaders, timed: boolean): number {
  if (expectsBody(expect)) return maxReceivedBytes;
  const { 'content-length': length, 'content-type': type = '' } = headers;
  if (/^text\/event-stream\b/i.test(type)) return 0;
  if (timed) return maxReceivedBytes;
  return Number(length ?? 0) > unaskedBytes ? 0 : unaskedBytes;
}

/** Why a body is not as expected, in words; undefined when it is. */
export function bodyMismatch(expect: HttpCheck['expect'], found: ExaminedBody): string | undefined {
  if ('reason' in found) return found.reason;
  const { body, matches, json } = expect;
  const { text, whole } = found;
  if (body !== undefined && !text.includes(body))
    return whole
      ? `body does not contain ${quoted(body)}`
      : `body does not contain ${quoted(body)} in its first 1 MiB, and is ${tooLong} any further`;
  if (matches !== undefined && !matches.foundIn(text))
    return `nothing in the first 64 KiB of the body matches ${quoted(matches.source)}`;
  return jsonMismatch(json, text, whole);
}

function jsonMismatch(expected: readonly Expected[], text: string, whole: boolean): string | undefined {
  if (expected.length === 0) return undefined;
  if (!whole) return `body is ${tooLong}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'body is not JSON';
  }
  return firstMismatch(expected, path => valueAt(json, path));
}

function firstMismatch(expected: readonly Expected[], find: (name: string) => unknown): string | undefined {
  for (const { name, comparison } of expected) {
    const problem = comparison(find(name));
    if (problem !== undefined) return `${name} ${problem}`;
  }
  return undefined;
}

/** `services.0.state`, `services[0].state` and `$.services[0].state` are one path. Undefined where there is nothing. */
export function valueAt(json: unknown, path: string): unknown {
  const keys = path
    .replace(/^\$\.?/, '')
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .filter(key => key !== '');
  let value = json;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function rangeInWords([min, max]: readonly [number, number]): string {
  if (min === max) return String(min);
  return min % 100 === 0 && max === min + 99 ? `${min / 100}xx` : `${min} to ${max}`;
}
