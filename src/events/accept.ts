import { entriesByCategory, fieldsOf } from './catalogue.js';
import { maxFields } from './event.js';
import { type FieldKind, fieldKinds } from './field-kinds.js';
import { fields } from './fields.js';
import { ascendingId, hashOf } from './identity.js';
import { withMember } from './json-text.js';
import type { Message, Source } from './message.js';
import { isFromOutside } from './same-event.js';

/** Deeper values are refused: destinations and JSON writers recurse. */
const deepest = 40;
/** When an item has more problems, only the first ones are reported. */
const maxProblems = 20;

export interface Acceptance {
  /** Epoch ms; becomes `created` of an event that has none. */
  readonly now: number;
  readonly source: Source;
  /** For an event whose body names none: the Idempotency-Key, or what a source of ours derived. */
  readonly id?: string;
  /** The item as it was sent, without white space around it. Default: the item as JSON.stringify writes it. */
  readonly text?: string;
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
const noChecks: ReadonlyMap<string, Check> = new Map();

/**
 * Checks one item on its arrival. Only `category` is required; known fields must be of their kind;
 * unknown fields and categories are kept as they are.
 *
 * The body is the item's text, to the letter; `created` is added at its end when it was absent and is part of the event
 * from then on. The id is the item's own, else the one in `acceptance`, else a new one: two equal items without ids are
 * two events.
 */
export function acceptEvent(input: unknown, acceptance: Acceptance): Accepted {
  const { now, source, id } = acceptance;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { problems: [{ field: '', message: 'an event must be a JSON object' }] };
  }
  const item = input as Readonly<Record<string, unknown>>;
  const problems = problemsOf(item);
  if (id !== undefined && !fieldKinds.eventId.accepts(id))
    problems.push({ field: 'id', message: mustBe('id', 'eventId') });
  if (problems.length > 0) return { problems };
  const { text = JSON.stringify(item) } = acceptance;
  const stamped = item.created === undefined;
  const body = stamped ? withMember(text, 'created', String(now)) : text;
  const known = (item.id as string | undefined) ?? id;
  const message: { -readonly [Name in keyof Message]: Message[Name] } = {
    id: known ?? ascendingId(now),
    body,
    source,
    received: now,
  };
  // What came as text is as JSON.parse made it; anything else may lose something on its way to a text.
  if (acceptance.text !== undefined) message.fields = stamped ? { ...item, created: now } : item;
  if (known !== undefined && isFromOutside(source))
    message.given = stamped ? { hash: hashOf(text), stamped: now } : { hash: hashOf(text) };
  return { message };
}

/** The same message with the `created` that was added when it first came. */
export function stampedAgain(message: Message, created: number): Message {
  const { body, given, fields: _outdated, ...rest } = message;
  if (given?.stamped === undefined || given.stamped === created) return message;
  const text = body.slice(0, -`,"created":${given.stamped}}`.length);
  return { ...rest, body: `${text},"created":${created}}`, given: { ...given, stamped: created } };
}

function problemsOf(item: Readonly<Record<string, unknown>>): ItemProblem[] {
  const { category } = item;
  const known = (typeof category === 'string' && checksByCategory.get(category)) || generalChecks;
  const problems = problemsBy(known, item);
  return category === undefined ? [{ field: 'category', message: 'category is missing' }, ...problems] : problems;
}

/** What is wrong with fields that are kept as they came: there are too many, or they are too deep. */
export function problemsOfShape(fields: Readonly<Record<string, unknown>>): ItemProblem[] {
  return problemsBy(noChecks, fields);
}

function problemsBy(known: ReadonlyMap<string, Check>, item: Readonly<Record<string, unknown>>): ItemProblem[] {
  const problems: ItemProblem[] = [];
  const names = Object.keys(item);
  if (names.length > maxFields) return [{ field: '', message: `an event may have at most ${maxFields} fields` }];
  for (const name of names) {
    const value = item[name];
    const problem = known.get(name)?.(value) ?? shape(name, value);
    if (problem !== undefined && problems.push(problem) >= maxProblems) break;
  }
  return problems;
}

function shape(name: string, value: unknown): ItemProblem | undefined {
  if (!tooDeep(value, 1)) return undefined;
  return { field: name.slice(0, 128), message: `values may be nested at most ${deepest} deep` };
}

/** Whether its values are nested more deeply than an event's may be. */
export function isTooDeep(item: object): boolean {
  return Object.values(item).some(value => tooDeep(value, 1));
}

function tooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth >= deepest) return true;
  return Object.keys(value).some(key => tooDeep((value as Readonly<Record<string, unknown>>)[key], depth + 1));
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
