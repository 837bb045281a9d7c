/**
 * Why a text is not JSON: the parser's words, with the offset of the character that it means, from 0. For people who
 * look for it in their own program: NaN, a trailing comma, a text cut off. Linear in the text, and without recursion.
 * @param error what JSON.parse threw
 */
export function jsonError(text: string, error: unknown): string {
  const { message } = error as Error;
  const said = /^(.*?)(?: in JSON)? at position (\d+)/s.exec(message);
  if (said !== null) return `${lowered(said[1]!)} at position ${said[2]}`;
  // V8 quotes a part of the text instead of the position.
  const [words] = /^Unexpected token '.{1,2}'/su.exec(message) ?? [];
  if (words === undefined) return lowered(message);
  const at = unexpectedAt(text);
  return `unexpected ${nameOf(text.codePointAt(at) ?? 0xfffd)} at position ${at}`;
}

const literals = ['true', 'false', 'null'];

/**
 * Offset of the first character that stands where a value should begin, or go on, and
 * cannot; everything before is sound.
 */
function unexpectedAt(text: string): number {
  const open: string[] = [];
  let before = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (/[ \t\n\r]/.test(character)) continue;
    if (wantsValue(before, open.at(-1)) && !(before === '[' && character === ']')) {
      if (!/["{[\d-]/.test(character)) {
        const literal = literals.find(([first]) => first === character);
        if (literal === undefined) return at;
        for (let index = 1; index < literal.length; index += 1)
          if (text[at + index] !== literal[index]) return Math.min(at + index, text.length - 1);
        at += literal.length - 1;
      }
    }
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') open.push(character);
    else if (character === '}' || character === ']') open.pop();
    before = character;
  }
  return Math.max(0, text.length - 1);
}

function wantsValue(before: string, inside: string | undefined): boolean {
  return before === '' || before === ':' || before === '[' || (before === ',' && inside === '[');
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Safe on a terminal and in a log. */
function nameOf(codePoint: number): string {
  const character = String.fromCodePoint(codePoint);
  const hex = codePoint.toString(16).toUpperCase().padStart(4, '0');
  return /[\p{C}\p{Z}]/u.test(character) ? `U+${hex}` : `'${character}'`;
}

function lowered(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
