import { isDeepStrictEqual } from 'node:util';
import type { ExaminedBody } from './body.js';
import type { HttpCheck } from './check.js';

const maxShownLength = 80;
const tooLong = 'longer than 1 MiB, not looked at';

/** Why a status is not as expected, in words; undefined when it is. */
export function statusMismatch({ status: ranges }: HttpCheck['expect'], status: number): string | undefined {
  if (ranges.some(([min, max]) => status >= min && status <= max)) return undefined;
  return `status ${status} instead of ${ranges.map(rangeInWords).join(', ')}`;
}

/** Whether anything is expected of the body. */
export function expectsBody({ body, json }: HttpCheck['expect']): boolean {
  return body !== undefined || Object.keys(json).length > 0;
}

/** Why a body is not as expected, in words; undefined when it is. */
export function bodyMismatch({ body, json }: HttpCheck['expect'], found: ExaminedBody): string | undefined {
  if ('reason' in found) return found.reason;
  const { text, whole } = found;
  if (body !== undefined && !text.includes(body))
    return whole
      ? `body does not contain ${quoted(body)}`
      : `body does not contain ${quoted(body)} in its first 1 MiB, and is ${tooLong} any further`;
  return jsonMismatch(json, text, whole);
}

function jsonMismatch(expected: Readonly<Record<string, unknown>>, text: string, whole: boolean): string | undefined {
  const paths = Object.entries(expected);
  if (paths.length === 0) return undefined;
  if (!whole) return `body is ${tooLong}`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'body is not JSON';
  }
  for (const [path, wanted] of paths) {
    const found = valueAt(json, path);
    if (!isDeepStrictEqual(found, wanted)) return `${path} is ${quoted(found)} instead of ${quoted(wanted)}`;
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

function quoted(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
}
