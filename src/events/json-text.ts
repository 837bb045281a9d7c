/**
 * Cuts pieces out of JSON text as they stand, so that what somebody sent is kept to the letter: JSON.parse and
 * JSON.stringify would round numbers, drop repeated keys and rewrite escapes. All of it expects text that JSON.parse
 * has taken; other text gives some answer, without an error and in linear time.
 */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const closingBracket = 0x5d;
const closingBrace = 0x7d;

/** The items of an array. */
export function itemTexts(array: string): string[] {
  const items: string[] = [];
  let at = skipSpace(array, skipSpace(array, 0) + 1);
  while (at < array.length && array.charCodeAt(at) !== closingBracket) {
    const end = valueEnd(array, at);
    items.push(array.slice(at, end));
    at = skipSpace(array, end);
    if (array.charCodeAt(at) !== comma) break;
    at = skipSpace(array, at + 1);
  }
  return items;
}

/**
 * The members of an object by name, in the order of their first appearance; of a repeated name
 * the last value, as JSON.parse has it.
 */
export function memberTexts(object: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(object, skipSpace(object, 0) + 1);
  while (object.charCodeAt(at) === quote) {
    const nameEnd = stringEnd(object, at);
    const start = skipSpace(object, skipSpace(object, nameEnd) + 1);
    const end = valueEnd(object, start);
    members.set(nameOf(object.slice(at + 1, nameEnd - 1)), object.slice(start, end));
    at = skipSpace(object, end);
    if (object.charCodeAt(at) !== comma) break;
    at = skipSpace(object, at + 1);
  }
  return members;
}

/** An object with one more member at its end. */
export function withMember(object: string, name: string, value: string): string {
  const begun = object.slice(0, object.lastIndexOf('}'));
  const separator = begun.trim() === '{' ? '' : ',';
  return `${begun}${separator}${JSON.stringify(name)}:${value}}`;
}

/** An object with more members at its end, whose values are JSON texts. */
export function withMembers(object: string, members: readonly (readonly [name: string, value: string])[]): string {
  if (members.length === 0) return object;
  const begun = object.slice(0, object.lastIndexOf('}'));
  const separator = begun.trim() === '{' ? '' : ',';
  return `${begun}${separator}${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** An object with another value for one of its members. */
export function withValue(object: string, name: string, value: string): string {
  return withMembers('{}', [...memberTexts(object).set(name, value)]);
}

function nameOf(raw: string): string {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`);
  } catch {
    return raw;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** Right behind the value that begins at `from`. */
function valueEnd(text: string, from: number): number {
  let at = from;
  let depth = 0;
  while (at < text.length) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = stringEnd(text, at);
        if (depth === 0) return at;
        continue;
      case 0x5b:
      case 0x7b:
        depth += 1;
        break;
      case closingBracket:
      case closingBrace:
        if (depth === 0) return at;
        depth -= 1;
        if (depth === 0) return at + 1;
        break;
      case comma:
      case 0x20:
      case 0x0a:
      case 0x0d:
      case 0x09:
        if (depth === 0) return at;
        break;
    }
    at += 1;
  }
  return at;
}

/** Right behind the string whose opening quote is at `from`. */
export function stringEnd(text: string, from: number): number {
  let at = from;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let first = at;
    while (text.charCodeAt(first - 1) === backslash && first - 1 > from) first -= 1;
    if ((at - first) % 2 === 0) return at + 1;
  }
}
