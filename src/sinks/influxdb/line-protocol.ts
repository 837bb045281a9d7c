import { fields } from '../../events/fields.js';
import { trimEnd } from '../../trim-end.js';

/**
 * The text that InfluxDB takes: `measurement,tag=value field=value,field="text" timestamp`
 * (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/). One line is one point.
 *
 * What the format cannot say is said in the nearest way, always the same for the same input:
 * - a line break in a tag or a text, or any other control character in a tag, becomes a backslash and a letter or code
 *   (`\n`);
 * - a backslash at the end of a tag's value becomes `/`, as it would swallow what follows;
 * - in names, backslashes, quotes and control characters become `_`; a name that is reserved (`time`, a leading `_`)
 *   gets `x` before it;
 * - a text over 65,535 bytes is cut at a character.
 */

export type FieldType = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean';

export type Scalar = string | number | boolean;

/** Bytes of a text field (documented limit of 64 KiB). */
const maxTextBytes = 65_535;

/** Characters of a name; far below every documented limit. */
const maxNameLength = 255;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const unwantedInNames = /[\u0000-\u001f\u007f\u2028\u2029"\\]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controls = /[\u0000-\u001f\u007f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const breaks = /[\n\r\u0000]/g;

/** UTF-8 has no form for them: on the wire they are all U+FFFD, so two tags that differ in them are one series. */
const halfCharacters = /\p{Surrogate}/gu;

const plainName = /^[A-Za-z][\w.-]{0,99}$/;

/** Almost every name that comes is one of these, and a set is cheaper than a pattern. */
const knownNames: ReadonlySet<string> = new Set(Object.keys(fields).filter(name => plainName.test(name)));

/** A name that is written as it is, but for `time`. */
export function isPlain(name: string): boolean {
  return knownNames.has(name) || plainName.test(name);
}

/** A name that every version takes, before escaping. */
export function safeName(name: string): string {
  if (isPlain(name) && name !== 'time') return name;
  const clean = name.slice(0, maxNameLength).replace(unwantedInNames, '_').replace(halfCharacters, '\uFFFD');
  return clean === '' || clean === 'time' || clean.startsWith('_') ? `x_${clean.replace(/^_+/, '')}` : clean;
}

/** Escapes a measurement; `#` would make the line a comment and a leading `_` is reserved. */
export function measurementText(name: string): string {
  return safeName(name.replace(/^#+/, '')).replace(/[, ]/g, '\\$&');
}

/** Escapes a tag's or a field's key. */
export function keyText(name: string): string {
  if (isPlain(name)) return name;
  return name.replace(/[,= ]/g, '\\$&');
}

/** Escapes a tag's value; undefined for an empty one, which must be left out. */
export function tagText(value: string): string | undefined {
  if (value === '') return undefined;
  if (/^[\w.:/@-]+$/.test(value)) return value;
  const clean = value.replace(halfCharacters, '\uFFFD').replace(controls, visible);
  const kept = trimEnd(clean, '\\');
  return `${kept.replace(/[,= ]/g, '\\$&')}${'/'.repeat(clean.length - kept.length)}`;
}

/** `type` must fit the value: see `fit` in types.ts. */
export function fieldText(type: FieldType, value: Scalar): string {
  switch (type) {
    case 'float':
      return String(value);
    case 'integer':
      return `${wholeText(value)}i`;
    case 'unsigned':
      return `${wholeText(value)}u`;
    case 'boolean':
      return value === true ? 'true' : 'false';
    case 'string':
      return quoted(String(value));
  }
}

/** String() rounds the digits of whole numbers beyond 2^53. */
function wholeText(value: Scalar): string {
  return typeof value === 'number' && !Number.isSafeInteger(value) ? String(BigInt(value)) : String(value);
}

/** Stands between quotes as it is. */
export function isPlainText(text: string): boolean {
  return text.length <= maxTextBytes / 3 && /^[\w .:/@,=-]*$/.test(text);
}

function quoted(text: string): string {
  if (isPlainText(text)) return `"${text}"`;
  const shown = cut(text)
    .replace(/["\\]/g, '\\$&')
    .replace(breaks, found => `\\${visible(found)}`);
  return `"${shown}"`;
}

function visible(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** At most `maxTextBytes` of UTF-8, never half a character. */
function cut(text: string): string {
  if (text.length <= maxTextBytes / 3 || Buffer.byteLength(text) <= maxTextBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxTextBytes));
  return text.slice(0, read);
}

/** Nanoseconds as text: beyond 2^53, so never a number. `slot` is the part below the millisecond. */
export function timestampText(ms: number, slot: number): string {
  if (ms === 0) return String(slot);
  return `${ms}${String(slot).padStart(6, '0')}`;
}
