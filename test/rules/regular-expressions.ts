import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { type ReadonlyFlags, toUnicodeSet } from 'regexp-ast-analysis';
import { analyse } from 'scslre';
import ts from 'typescript-5';
import type { Rule, Source } from './rule.js';

/**
 * Patterns that are looked at in vain, or never see a text of somebody else, by file
 * and source. This list only shrinks.
 */
const allowed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'src/config/broker-nodes.ts': {
    '\\s*,\\s*(?=amqps?:\\/\\/)': 'a setting: whoever writes it runs the machine',
    '\\s*,\\s*': 'the same setting',
  },
  'src/nginx/lines/format.ts': {
    '^(log_format\\s+\\S+\\s+)?(?:escape=(default|json|none)\\s+)?([\\s\\S]*)$': 'a setting',
    "^\\s*(?:'[^']*'\\s*)+;?\\s*$": 'the same setting',
    '"(?:[^"\\\\]|\\\\.)*"|\\$(?:\\{\\w+\\}|\\w+)': 'the same setting',
    '\\$(?:\\{(\\w+)\\}|(\\w+))': 'the same setting',
  },
};

/** Patterns that are put together, by file. */
const made: Readonly<Record<string, string>> = {
  'src/config/named-sinks.ts': 'names of settings, in alternatives',
  'src/events/digits.ts': 'a mark of ours, and one class of characters',
  'src/nginx/files/rotated-names.ts':
    'the name of a configured log; what is tried are names of files, of 255 bytes at most',
  'src/usage/robots.ts': 'a list that the operator chose; what is tried is an agent, cut at 1,024 characters',
};

const product = /^(?:src\/(?!page\/)|actors\/|supervisors\/).*\.ts$/;

export const linearRule: Rule = {
  name: 'linear patterns',
  why: 'A pattern whose time grows faster than its text lets one long text stop the whole daemon: such a text is read by steps, or cut before.',
  broken: sources =>
    sources
      .filter(({ path }) => product.test(path))
      .flatMap(source =>
        patternsOf(source).flatMap(({ line, pattern }) => {
          const { path } = source;
          if (pattern === undefined)
            return path in made ? [] : [`${path}:${line} makes a pattern whose time cannot be judged`];
          if (allowed[path]?.[pattern.source] !== undefined) return [];
          const fault = superlinear(pattern);
          return fault === undefined ? [] : [`${path}:${line} ${fault}: ${String(pattern)}`];
        }),
      ),
};

/** Entries of the lists above that no file needs any more. */
export function unneeded(sources: readonly Source[]): string[] {
  const found = new Map(
    sources.filter(({ path }) => product.test(path)).map(source => [source.path, patternsOf(source)]),
  );
  const listed = Object.entries(allowed).flatMap(([path, patterns]) => Object.keys(patterns).map(text => [path, text]));
  return [
    ...listed
      .filter(([path = '', text]) => !found.get(path)?.some(({ pattern }) => pattern?.source === text))
      .map(parts => parts.join(': ')),
    ...Object.keys(made).filter(path => !found.get(path)?.some(({ pattern }) => pattern === undefined)),
  ];
}

/** Those that stand in the text of a program; undefined for one that it puts together. */
function patternsOf({ path, text }: Source): { readonly line: number; readonly pattern: RegExp | undefined }[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: { line: number; pattern: RegExp | undefined }[] = [];
  const visit = (node: ts.Node): void => {
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ line, pattern: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) });
    }
    if (ts.isNewExpression(node) && node.expression.getText(file) === 'RegExp')
      found.push({ line, pattern: undefined });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What makes the time of a pattern grow faster than its text, or undefined. */
function superlinear({ source, flags }: RegExp): string | undefined {
  const { reports } = analyse({ source, flags }, { reportTypes: { Move: true, Self: true, Trade: true } });
  if (reports.length > 0) return 'has quantifiers that take turns at the same text';
  const pattern = new RegExpParser().parsePattern(source, 0, source.length, { unicode: flags.includes('u') });
  if (flags.includes('y')) return undefined;
  const restarts = pattern.alternatives.some(({ elements }) => {
    const [first] = elements;
    const anchored = first?.type === 'Assertion' && first.kind === 'start' && !flags.includes('m');
    return !anchored && restartsIn(elements, [], false, readFlags(flags));
  });
  return restarts ? 'begins again inside of what it has just looked through' : undefined;
}

/**
 * Whether something unbounded may hold, again and again, all that stands before it, and fail behind: then each of those
 * is a new start, which looks through the same text. Errs on the side of yes.
 */
function restartsIn(
  elements: readonly AST.Element[],
  before: readonly AST.Element[],
  canFail: boolean,
  flags: ReadonlyFlags,
): boolean {
  return elements.some((element, index) => {
    const failsBehind = canFail || elements.slice(index + 1).some(needed);
    const prefix = [...before, ...elements.slice(0, index)];
    if (element.type === 'Group' || element.type === 'CapturingGroup')
      return element.alternatives.some(one => restartsIn(one.elements, prefix, failsBehind, flags));
    if (element.type !== 'Quantifier') return false;
    if (element.max === Number.POSITIVE_INFINITY) return failsBehind && holds(element.element, prefix, flags);
    return restartsIn([element.element], prefix, failsBehind, flags);
  });
}

function needed(element: AST.Element): boolean {
  if (element.type === 'Quantifier') return element.min > 0 && needed(element.element);
  if (element.type === 'Group' || element.type === 'CapturingGroup')
    return element.alternatives.every(({ elements }) => elements.some(needed));
  return true;
}

function holds(loop: AST.Element, prefix: readonly AST.Element[], flags: ReadonlyFlags): boolean {
  const inside = charactersOf(loop, flags);
  return prefix.filter(needed).every(element => {
    const characters = charactersOf(element, flags);
    // An assertion consumes nothing.
    return characters.length === 0 || characters.every(one => inside.some(other => !one.isDisjointWith(other)));
  });
}

/** The sets of characters that an element is made of: all of them, for alternatives those of the first. */
function charactersOf(element: AST.Element, flags: ReadonlyFlags): ReturnType<typeof toUnicodeSet>['chars'][] {
  switch (element.type) {
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      return [toUnicodeSet(element, flags).chars];
    case 'Quantifier':
      return charactersOf(element.element, flags);
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.flatMap(({ elements }) => elements.flatMap(one => charactersOf(one, flags)));
    default:
      return [];
  }
}

function readFlags(flags: string): ReadonlyFlags {
  return { ignoreCase: flags.includes('i'), unicode: flags.includes('u'), dotAll: flags.includes('s') };
}
