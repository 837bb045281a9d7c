import { ExactNumber, stringifyExact } from '../events/digits.js';
import { type Pattern, patternOf } from '../health/pattern.js';

/** One place where something else was found than was expected. */
export interface Difference {
  /** `ga4.request.events[0].name` */
  readonly path: string;
  /** For people, on one line. */
  readonly expected: string;
  readonly found: string;
}

/** Characters of a value that are shown. */
const maxShown = 200;

/**
 * Where what was found lacks a part of what was expected. Of a mapping only the names that are expected count; a list
 * has exactly its items; a text between slashes is a regular expression; null is what is not there.
 */
export function differences(expected: unknown, found: unknown, path: string): readonly Difference[] {
  if (expected === null) return found === null || found === undefined ? [] : [difference(path, 'nothing', found)];
  if (Array.isArray(expected)) return ofLists(expected, found, path);
  if (typeof expected === 'object') return ofMappings(expected as Mapping, found, path);
  const pattern = expressionIn(expected);
  if (pattern !== undefined)
    return typeof found === 'string' && pattern.foundIn(found) ? [] : [difference(path, String(expected), found)];
  const isSame = found instanceof ExactNumber ? isNumber(expected, found) : expected === found;
  return isSame ? [] : [difference(path, printable(expected), found)];
}

/** Digits can be written as a text, where YAML would round them. */
function isNumber(expected: unknown, { digits }: ExactNumber): boolean {
  return typeof expected === 'number' ? expected === Number(digits) : expected === digits;
}

type Mapping = Readonly<Record<string, unknown>>;

function ofMappings(expected: Mapping, found: unknown, path: string): readonly Difference[] {
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    return [difference(path, printable(expected), found)];
  return Object.entries(expected).flatMap(([name, value]) =>
    differences(value, Object.hasOwn(found, name) ? (found as Mapping)[name] : undefined, joined(path, name)),
  );
}

function ofLists(expected: readonly unknown[], found: unknown, path: string): readonly Difference[] {
  if (!Array.isArray(found) || found.length !== expected.length) return [difference(path, printable(expected), found)];
  return expected.flatMap((value, index) => differences(value, found[index], `${path}[${index}]`));
}

function difference(path: string, expected: string, found: unknown): Difference {
  return { path, expected, found: printable(found) };
}

function joined(path: string, name: string): string {
  const word = /^[\w$-]+$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? word : `${path}.${word}`;
}

/**
 * The expression between two slashes, as RE2 has them; with an `i` behind them capitals make no difference.
 * @throws Error with words for whoever wrote the expression
 */
export function expressionIn(expected: unknown): Pattern | undefined {
  if (typeof expected !== 'string' || !expected.startsWith('/') || expected.length < 3) return undefined;
  if (expected.endsWith('/')) return patternOf(expected.slice(1, -1));
  return expected.endsWith('/i') && expected.length > 3 ? patternOf(`(?i)${expected.slice(1, -2)}`) : undefined;
}

export function printable(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = stringifyExact(value);
  return text.length <= maxShown ? text : `${text.slice(0, maxShown)}… (${text.length} characters)`;
}
