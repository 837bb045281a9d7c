import { entriesByCategory, fieldsOf } from './catalogue.js';
import { type FieldKind, fieldKinds } from './field-kinds.js';
import { fields } from './fields.js';
import { hashOf } from './identity.js';
import type { Message, Source } from './message.js';

/** Deeper values are refused: destinations and JSON writers recurse. */
const deepest = 40;
/** Of an item with more problems, only the first ones are reported. */
const maxProblems = 20;

export interface Acceptance {
  /** Epoch ms; becomes `created` of an event that has none. */
  readonly now: number;
  readonly source: Source;
  /** Of an event whose body names none: the Idempotency-Key, or what a maker of events derived. */
  readonly id?: string;
}

/** What is wrong with an item. */
export interface ItemProblem {
  /** Empty when it is the item as a whole. */
  readonly field: string;
  readonly message: string;
}

export type Accepted = { readonly message: Message } | { readonly problems: readonly ItemProblem[] };

type Check = (value: unknown) => ItemProblem | undefined;

/** Compiled once: looking a category up is all that is left to do for an event. */
const checksByCategory = new Map([...entriesByCategory.keys()].map(category => [category, checksFor(category)]));
const generalChecks = checksFor('');

/**
 * The door's validation of one item that came from JSON. Only `category` is demanded; known fields must be of their kind;
 * unknown fields and categories are kept as they are.
 *
 * The body is the item's JSON, serialised once; `created` is added at its end when it was absent and is part of the event from
 * then on. The id is the item's own, else the one given, else the hash of that body.
 */
export function acceptEvent(input: unknown, { now, source, id }: Acceptance): Accepted {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { problems: [{ field: '', message: 'an event must be a JSON object' }] };
  }
  const item = input as Readonly<Record<string, unknown>>;
  const problems = problemsOf(item);
  if (id !== undefined && !fieldKinds.eventId.accepts(id))
    problems.push({ field: 'id', message: mustBe('id', 'eventId') });
  if (problems.length > 0) return { problems };
  const text = JSON.stringify(item);
  const body = item.created === undefined ? `${text.slice(0, -1)},"created":${now}}` : text;
  return { message: { id: (item.id as string | undefined) ?? id ?? hashOf(body), body, source, received: now } };
}

function problemsOf(item: Readonly<Record<string, unknown>>): ItemProblem[] {
  const problems: ItemProblem[] = [];
  const { category } = item;
  if (category === undefined) problems.push({ field: 'category', message: 'category is missing' });
  const known = (typeof category === 'string' && checksByCategory.get(category)) || generalChecks;
  for (const name of Object.keys(item)) {
    const value = item[name];
    const problem = known.get(name)?.(value) ?? shape(name, value);
    if (problem !== undefined && problems.push(problem) >= maxProblems) break;
  }
  return problems;
}

/** What JSON cannot say, or not safely. A number like 1e999 is read as Infinity and would be written as null. */
function shape(name: string, value: unknown): ItemProblem | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined;
  const message = flaw(value, 1);
  return message === undefined ? undefined : { field: name.slice(0, 128), message };
}

function flaw(value: unknown, depth: number): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number is too large for JSON';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= deepest) return `values may be nested ${deepest} deep at most`;
  for (const key of Object.keys(value)) {
    const found = flaw((value as Readonly<Record<string, unknown>>)[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function checksFor(category: string): Map<string, Check> {
  return new Map([...fieldsOf(category)].map(name => [name, check(name, fields[name].kind)]));
}

function check(name: string, kind: FieldKind): Check {
  const problem = { field: name, message: mustBe(name, kind) };
  const { accepts } = fieldKinds[kind];
  return value => (accepts(value) ? undefined : problem);
}

function mustBe(name: string, kind: FieldKind): string {
  return `${name} must be ${fieldKinds[kind].expected}`;
}
