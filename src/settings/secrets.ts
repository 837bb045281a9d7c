import { z } from 'zod';
import { refuse } from './refuse.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controls = /[\u0000-\u001f\u007f]/;

/** A key or a token, which travels in a header: a line break in the middle of it is a mistake of copying. */
export function secret() {
  return z.string().transform((value, context) => {
    return controls.test(value)
      ? refuse(context, 'holds a line break or another control character: write it on one line')
      : value;
  });
}
