import { isMapping, type Mapping } from '../config/yaml.js';
import { parseTimestamp } from '../events/timestamp.js';
import { nearest } from '../settings/nearest.js';
import { outcomes } from './explanation.js';
import { type InputKind, inputKinds } from './input.js';
import { expressionIn } from './match.js';

/** A file of expectations, as it is written. */
export interface ExpectationFile {
  /** A configuration, relative to the file; undefined = as the environment says. */
  readonly config: string | undefined;
  /** Settings over those of the environment: those that are secret elsewhere, say. */
  readonly settings: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly name: string;
  readonly input:
    | { readonly kind: InputKind; readonly text: string }
    | { readonly kind: InputKind | undefined; readonly file: string };
  /** When it happens, epoch ms; undefined = at the time of the event. */
  readonly now: number | undefined;
  /** What is expected of each event that the input becomes. */
  readonly expected: readonly Expected[];
}

/** `refused`: on arrival, with these words; else by the name of a sink, and `event`. */
export type Expected = { readonly refused: string | true } | { readonly parts: Mapping };

/** What is wrong with the file, line by line. */
export class FileError extends Error {
  override name = 'FileError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const fileKeys = ['config', 'settings', 'now', 'tests'];
/** Where the input stands, and what it is. */
const inputs: Readonly<Record<string, InputKind>> = {
  event: 'event',
  json: 'event',
  cloudevent: 'cloudevent',
  message: 'clowder',
  line: 'nginx',
  upload: 'amplitude',
};
const caseKeys = ['name', 'now', 'file', 'as', 'expect', ...Object.keys(inputs)];

/** @throws FileError with everything that is wrong */
export function readExpectations(document: unknown): ExpectationFile {
  const problems: string[] = [];
  const wrong = (place: string, message: string): undefined => void problems.push(`${place} ${message}`);
  if (!isMapping(document)) throw new FileError(['the file must be a mapping with a list `tests`']);
  checkKeys(document, fileKeys, '', wrong);
  const { config, settings = {}, tests } = document;
  if (config !== undefined && typeof config !== 'string') wrong('config', 'must be the path of a file');
  if (!isMapping(settings)) wrong('settings', 'must be a mapping of names and values');
  if (!Array.isArray(tests) || tests.length === 0) wrong('tests', 'must be a list of tests');
  const now = timeOf(document.now, 'now', wrong);
  const cases = (Array.isArray(tests) ? tests : []).map((one, index) => readCase(one, `tests[${index}]`, now, wrong));
  if (problems.length > 0) throw new FileError(problems);
  return {
    config: config as string | undefined,
    settings: Object.fromEntries(Object.entries(settings as Mapping).map(([name, value]) => [name, String(value)])),
    cases: cases.filter(one => one !== undefined),
  };
}

type Wrong = (place: string, message: string) => undefined;

function readCase(test: unknown, place: string, fileNow: number | undefined, wrong: Wrong): Case | undefined {
  if (!isMapping(test)) return wrong(place, 'must be a mapping with an event and what is expected of it');
  checkKeys(test, caseKeys, `${place}.`, wrong);
  const { name = place, as, file, expect } = test;
  if (typeof name !== 'string') wrong(`${place}.name`, 'must be a text');
  const kind = inputKinds.find(each => each === as);
  if (as !== undefined && kind === undefined) wrong(`${place}.as`, `must be one of ${inputKinds.join(', ')}`);
  const given = Object.keys(inputs).filter(key => test[key] !== undefined);
  if (given.length + (file === undefined ? 0 : 1) !== 1)
    wrong(place, `must have exactly one of ${Object.keys(inputs).join(', ')} and file`);
  const [key = 'event'] = given;
  const input =
    typeof file === 'string'
      ? { kind, file }
      : { kind: inputs[key] ?? 'event', text: textOf(key, test[key], `${place}.${key}`, wrong) };
  const list = Array.isArray(expect) ? expect : [expect];
  const expected = list.flatMap((one, index) => {
    const at = Array.isArray(expect) ? `${place}.expect[${index}]` : `${place}.expect`;
    return readExpected(one, at, wrong) ?? [];
  });
  const now = timeOf(test.now, `${place}.now`, wrong) ?? fileNow;
  return { name: String(name), input, now, expected };
}

/** A mapping stands for its JSON; of lines and messages the text itself may stand there. */
function textOf(key: string, value: unknown, place: string, wrong: Wrong): string {
  if (typeof value === 'string' && (key === 'line' || key === 'json' || key === 'message')) return value;
  if (key === 'line' || key === 'json') wrong(place, 'must be a text');
  else if (typeof value !== 'object') wrong(place, 'must be a mapping');
  return JSON.stringify(value);
}

function readExpected(expected: unknown, place: string, wrong: Wrong): Expected | undefined {
  if (expected === 'refused') return { refused: true };
  if (!isMapping(expected)) return wrong(place, 'must be `refused`, or a mapping by the names of sinks');
  checkPatterns(expected, place, wrong);
  for (const [name, part] of Object.entries(expected)) {
    if (name === 'event' || name === 'refused' || isMapping(part) || outcomes.some(each => each === part)) continue;
    wrong(`${place}.${name}`, `must be one of ${outcomes.join(', ')}, or a mapping: parts of what arrives`);
  }
  const { refused, ...others } = expected;
  if (refused === undefined) return { parts: expected };
  if (typeof refused !== 'string' || Object.keys(others).length > 0)
    return wrong(place, 'must hold nothing beside `refused`, and that a text');
  return { refused };
}

function checkPatterns(value: unknown, place: string, wrong: Wrong): void {
  if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) checkPatterns(inner, `${place}.${name}`, wrong);
    return;
  }
  try {
    expressionIn(value);
  } catch (error) {
    wrong(place, (error as Error).message);
  }
}

function checkKeys(mapping: Mapping, known: readonly string[], prefix: string, wrong: Wrong): void {
  for (const key of Object.keys(mapping)) {
    if (known.includes(key)) continue;
    const like = nearest(key, known);
    wrong(
      `${prefix}${key}`,
      `is not known here. ${like === undefined ? `There are ${known.join(', ')}` : `Did you mean ${like}?`}`,
    );
  }
}

function timeOf(value: unknown, place: string, wrong: Wrong): number | undefined {
  if (value === undefined) return undefined;
  return parseTimestamp(value) ?? wrong(place, 'must be a time, such as 2026-03-15T12:00:00Z');
}
