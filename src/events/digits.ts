import { randomBytes } from 'node:crypto';
import { trimEnd } from '../trim-end.js';
import type { Fields } from './event.js';
import { stringEnd } from './json-text.js';

/** A number that a double cannot hold, as it was written. JSON.stringify does not know it: use `stringifyExact`. */
export class ExactNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  toJSON(): string {
    return mark + this.digits;
  }
}

/** Nobody outside of this process knows it, so no text that came in can begin with it. */
const mark = `exact:${randomBytes(16).toString('hex')}:`;
const marked = new RegExp(`"${mark}([-+.0-9eE]+)"`, 'g');

/**
 * At least 16 digits, with or without a point, or an exponent, where a value may begin. In a string
 * it is a false alarm, and harmless.
 */
const suspicious = /[:,[\s]-?\d(?:[\d.]{15}|[\d.]*[eE])/;

/**
 * The fields of a JSON object with an `ExactNumber` wherever a double would not be what was written; undefined when
 * there is no such number. JSON.parse gives no source text (Node 20): so such numbers are turned into marked strings
 * before it, and back after it.
 * @param text that JSON.parse takes
 */
export function exactFields(text: string): Fields | undefined {
  if (!suspicious.test(text)) return undefined;
  const withMarks = markNumbers(text);
  return withMarks === undefined ? undefined : (revived(JSON.parse(withMarks)) as Fields);
}

/** What a JSON object says, with all digits of its numbers. */
export function parseExact(text: string): Fields {
  return exactFields(text) ?? (JSON.parse(text) as Fields);
}

/** A whole number of 64 bits with a sign, written without a point and an exponent. */
export function isInt64(digits: string): boolean {
  return /^-?\d{1,19}$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

/** JSON text in which each `ExactNumber` has its digits. */
export function stringifyExact(value: unknown, replacer?: (name: string, value: unknown) => unknown): string {
  return JSON.stringify(value, replacer).replace(marked, '$1');
}

function markNumbers(text: string): string | undefined {
  let out = '';
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const start = at;
      while (isNumberPart(text.charCodeAt(at))) at += 1;
      const token = text.slice(start, at);
      if (isHeld(token)) continue;
      out += `${text.slice(copied, start)}"${mark}${token}"`;
      copied = at;
    } else {
      at += 1;
    }
  }
  return copied === 0 ? undefined : out + text.slice(copied);
}

function isNumberPart(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x2d || code === 0x2b || code === 0x65 || code === 0x45
  );
}

/**
 * Whether the double that JSON.parse makes of it is the number that was written: exactly for whole numbers, and
 * otherwise as doubles are written, with the fewest digits that tell one from its neighbours (0.1).
 */
function isHeld(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  return /^-?\d+$/.test(token) ? BigInt(token) === BigInt(value) : canonical(token) === canonical(String(value));
}

/**
 * The same text for the same number, however it is spelt: its digits without zeros at either end, and the power of ten.
 */
function canonical(token: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = trimEnd(digits, '0');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

function revived(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? new ExactNumber(value.slice(mark.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  // fromEntries makes own properties of every name, `__proto__` too.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revived(member)]));
}
