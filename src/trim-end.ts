/**
 * A text without one character at its end, however often it stands there. Linear, as `/x+$/` is
 * not: that one starts again at every x.
 */
export function trimEnd(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
