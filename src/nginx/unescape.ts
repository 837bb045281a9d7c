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

/** A string, what nginx leaves for a value that is not there, or a list of `$upstream_*`; the last two only outside of strings. */
const pieces = /"((?:[^"\\]|\\[\s\S])*)"|(:\s*)(?:-?(?=\s*[,}])|((?:[\d.]+|-)(?:(?:, | : )(?:[\d.]+|-))+)(?=\s*[,}]))/g;
const stringEscapes = /\\(?:x([0-9A-Fa-f]{2})|[\s\S])/g;

/**
 * An object as a `log_format` without escape=json writes it, as JSON: `\xHH` in strings become bytes, unquoted values that are not there null, lists
 * of `$upstream_*` strings. `latin1`: the line's bytes.
 */
export function repairedJson(latin1: string): string {
  const repaired = latin1.replace(pieces, (whole, string?: string, colon?: string, list?: string) => {
    if (string !== undefined) return string.includes('\\') ? `"${string.replace(stringEscapes, jsonEscape)}"` : whole;
    return list === undefined ? `${colon}null` : `${colon}"${list}"`;
  });
  return Buffer.from(repaired, 'latin1').toString('utf8');
}

function jsonEscape(whole: string, digits?: string): string {
  if (digits === undefined) return whole;
  const byte = Number.parseInt(digits, 16);
  const special = byte < 0x20 || byte === 0x22 || byte === 0x5c;
  return special ? `\\u00${digits}` : String.fromCharCode(byte);
}
