import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

/** Loaded where there is such an expression: it is a large one. */
const re2 = (): typeof import('re2js') => createRequire(import.meta.url)('re2js');

/** How much of a text is searched, characters. */
export const maxSearchedLength = 64 * 1024;
/** Longest expression; a long one costs more for each character that it reads. */
const maxLength = 200;

/** A regular expression that takes time in proportion to the text, whatever it says and whatever the text is (RE2). */
export interface Pattern {
  readonly source: string;
  /** Whether it is found in the first 64 KiB of the text. */
  foundIn(text: string): boolean;
}

/** @throws Error with words for whoever wrote the expression */
export function patternOf(source: string): Pattern {
  if (source.length > maxLength) throw new Error(`must have at most ${maxLength} characters`);
  const compiled = compile(source);
  return { source, foundIn: text => compiled.test(text.slice(0, maxSearchedLength)) };
}

function compile(source: string): RE2JS {
  try {
    return re2().RE2JS.compile(source);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unknown';
    throw new Error(`is not a regular expression of RE2 (${why})`);
  }
}
