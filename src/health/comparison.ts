import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { patternOf } from './pattern.js';

const maxShownLength = 80;

/** What is wrong with a value, as the end of a sentence that begins with its name; undefined when nothing is. */
export type Comparison = (found: unknown) => string | undefined;

/** One operator, with what stands beside it; returns a problem in place of a comparison that cannot be made. */
type Operator = (wanted: unknown) => Comparison | string;

const operators: Readonly<Record<string, Operator>> = {
  '<': ordered('less than', (found, wanted) => found < wanted),
  '<=': ordered('at most', (found, wanted) => found <= wanted),
  '>': ordered('more than', (found, wanted) => found > wanted),
  '>=': ordered('at least', (found, wanted) => found >= wanted),
  '==': equal,
  '!=': unwanted => found => (isDeepStrictEqual(found, unwanted) ? `is ${quoted(found)}` : undefined),
  '~': matching,
};

/** `3`, `"ok"` and `{"up": true}` are wanted as they are; `{">=": 3, "<": 10}` compares. */
export function comparisonOf(wanted: unknown): Comparison | string {
  if (!isOperation(wanted)) return equal(wanted);
  const all: Comparison[] = [];
  for (const [operator, value] of Object.entries(wanted)) {
    const comparison = operators[operator]?.(value);
    if (typeof comparison === 'string') return `${operator} ${comparison}`;
    if (comparison !== undefined) all.push(comparison);
  }
  return found => {
    for (const comparison of all) {
      const problem = comparison(found);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** A mapping of names, or of dotted paths, to what is wanted there. */
export function comparisons(rule: string) {
  return z.record(z.unknown(), { message: rule }).transform((wanted, context) =>
    Object.entries(wanted).flatMap(([name, value]) => {
      const comparison = comparisonOf(value);
      if (typeof comparison !== 'string') return [{ name, comparison }];
      context.addIssue({ code: 'custom', message: `has a comparison at ${name} that cannot be made: ${comparison}` });
      return [];
    }),
  );
}

/** As it is shown in a sentence: short. */
export function quoted(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
}

function isOperation(wanted: unknown): wanted is Readonly<Record<string, unknown>> {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted)) return false;
  const keys = Object.keys(wanted);
  return keys.length > 0 && keys.every(key => Object.hasOwn(operators, key));
}

function equal(wanted: unknown): Comparison {
  return found => (isDeepStrictEqual(found, wanted) ? undefined : `is ${quoted(found)} instead of ${quoted(wanted)}`);
}

/** Compares numbers; a text that is a number, as in a header, counts as one. */
function ordered(words: string, holds: (found: number, wanted: number) => boolean): Operator {
  return wanted => {
    if (typeof wanted !== 'number') return 'compares with a number';
    return found => {
      const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
      if (typeof number === 'number' && holds(number, wanted)) return undefined;
      return `is ${quoted(found)} instead of ${words} ${wanted}`;
    };
  };
}

function matching(wanted: unknown): Comparison | string {
  if (typeof wanted !== 'string') return 'takes a regular expression';
  try {
    const pattern = patternOf(wanted);
    return found => {
      const text = typeof found === 'string' ? found : JSON.stringify(found);
      return text !== undefined && pattern.foundIn(text) ? undefined : `is ${quoted(found)}, without ${quoted(wanted)}`;
    };
  } catch (error) {
    return (error as Error).message;
  }
}
