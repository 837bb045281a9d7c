import { z } from 'zod';
import { refuse } from './refuse.js';

/*
 * Readers take a string as the environment gives it, without blanks around it, and say in their message what would be
 * right.
 * Defaults are strings too: `boolean().default('off')`.
 */

export function text() {
  return z.string();
}

const booleans: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  '1': true,
  off: false,
  false: false,
  '0': false,
};

export function boolean() {
  return z.string().transform((value, context) => {
    return booleans[value.toLowerCase()] ?? refuse(context, 'must be on or off');
  });
}

/** Upper and lower case are the same; the output is spelt as given here. */
export function choice<const Choices extends readonly string[]>(...choices: Choices) {
  return z.string().transform((value, context): Choices[number] => {
    const wanted = value.toLowerCase();
    const found = choices.find(each => each.toLowerCase() === wanted);
    return found ?? refuse(context, `must be one of ${choices.join(', ')}`);
  });
}
