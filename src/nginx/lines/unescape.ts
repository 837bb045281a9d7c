import { stringEnd } from '../../events/json-text.js';

/** What nginx writes in place of bytes that would break a line, undone. */

const escapes = /\\x([0-9A-Fa-f]{2})/g;

/** escape=default: `\xHH` for quotes, backslashes, control characters and everything beyond ASCII. */
export function unescapedDefault(latin1: string): string {
  const bytes = latin1.replace(escapes, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** escape=json: as in a JSON string. */
export function unescapedJson(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

/** The beginning of a string, or a colon outside of strings and the white space behind it. */
const pieces = /"|:\s*/g;
/** What nginx leaves behind a colon for a value that is not there (the last group), or a list of `$upstream_*`. */
const bare = /((?:[\d.]+|-)(?:(?:, | : )(?:[\d.]+|-))+)|-?/y;
const valueEnd = /\s*[,}]/y;
const stringEscapes = /\\(?:x([0-9A-Fa-f]{2})|[\s\S])/g;

/**
 * An object as a `log_format` without escape=json writes it, as JSON: `\xHH` in strings become bytes, unquoted values
 * that are not there null, lists of `$upstream_*` strings. `latin1`: the line's bytes.
 */
export function repairedJson(latin1: string): string {
  let repaired = '';
  let copied = 0;
  for (let piece = matchAt(pieces, latin1, 0); piece !== null; piece = matchAt(pieces, latin1, copied)) {
    const start = piece.index;
    repaired += latin1.slice(copied, start);
    if (piece[0] === '"') {
      copied = stringEnd(latin1, start);
      repaired += latin1.slice(start, copied).replace(stringEscapes, jsonEscape);
      continue;
    }
    const [value = '', list] = matchAt(bare, latin1, start + piece[0].length) ?? [];
    copied = start + piece[0].length + value.length;
    const missing = matchAt(valueEnd, latin1, copied) !== null;
    repaired += missing ? `${piece[0]}${list === undefined ? 'null' : `"${list}"`}` : latin1.slice(start, copied);
  }
  return Buffer.from(repaired + latin1.slice(copied), 'latin1').toString('utf8');
}

function matchAt(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}

function jsonEscape(whole: string, digits?: string): string {
  if (digits === undefined) return whole;
  const byte = Number.parseInt(digits, 16);
  const special = byte < 0x20 || byte === 0x22 || byte === 0x5c;
  return special ? `\\u00${digits}` : String.fromCharCode(byte);
}
