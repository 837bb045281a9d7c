/** Control characters, and those that change the direction of the text after them. */
const acting = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * A text on which no terminal acts: what would be acted on stands there as its code, a line
 * break too unless it is to be kept.
 */
export function visible(text: string, { lines = false } = {}): string {
  return text.replace(acting, character => (lines && character === '\n' ? character : codeOf(character)));
}

function codeOf(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}
