import { isDeepStrictEqual } from 'node:util';
import type { HttpCheck } from './check.js';

const maxShownLength = 80;

/** Why an answer is not as expected, in words; undefined when it is. */
export function mismatch(expect: HttpCheck['expect'], status: number, body: Buffer): string | undefined {
  if (!expect.status.some(([min, max]) => status >= min && status <= max)) {
    return `status ${status} instead of ${expect.status.map(rangeInWords).join(', ')}`;
  }
  if (expect.body === undefined && Object.keys(expect.json).length === 0) return undefined;
  const text = body.toString('utf8');
  if (expect.body !== undefined && !text.includes(expect.body)) return `body does not contain ${shown(expect.body)}`;
  return jsonMismatch(expect.json, text);
}

function jsonMismatch(expected: Readonly<Record<string, unknown>>, text: string): string | undefined {
  const paths = Object.entries(expected);
  if (paths.length === 0) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'body is not JSON';
  }
  for (const [path, wanted] of paths) {
    const found = valueAt(json, path);
    if (!isDeepStrictEqual(found, wanted)) return `${path} is ${shown(found)} instead of ${shown(wanted)}`;
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

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
}
