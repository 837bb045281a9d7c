import type { FieldKind } from '../../events/field-kinds.js';
import { fields } from '../../events/fields.js';
import { parseTimestamp } from '../../events/timestamp.js';
import { type FieldType, isPlain, type Scalar } from './line-protocol.js';

/**
 * InfluxDB fixes the type of a field with its first value and refuses any other. So a field that the catalogue knows
 * has the type of its kind, whatever arrives (`size` is an integer, as it always was here); any other number is a
 * float, so that 1 and 1.5 agree. Where the server has another type from earlier days, that one is learnt from its
 * answer and wins.
 */
const typeOfKind: Readonly<Record<FieldKind, FieldType>> = {
  eventId: 'string',
  category: 'string',
  id: 'string',
  text: 'string',
  url: 'string',
  boolean: 'boolean',
  count: 'integer',
  bytes: 'integer',
  number: 'float',
  seconds: 'float',
  percent: 'float',
  list: 'string',
  timestamp: 'integer',
};

const declared: ReadonlyMap<string, FieldType> = new Map<string, FieldType>([
  ...Object.entries(fields).map(([name, { kind }]): [string, FieldType] => [name, typeOfKind[kind]]),
  ['event_id', 'string'],
  ['item_count', 'integer'],
]);

const timestamps: ReadonlySet<string> = new Set(
  Object.entries(fields)
    .filter(([, { kind }]) => kind === 'timestamp')
    .map(([name]) => name),
);

/** A time, which is written as whole ms however precise it came. */
export function isTimestamp(name: string): boolean {
  return timestamps.has(name);
}

/** Times have many spellings (a number, a text): one of them, epoch ms, is written. */
export function normalised(name: string, value: Scalar): Scalar {
  return timestamps.has(name) ? (parseTimestamp(value) ?? value) : value;
}

export function naturalType(value: Scalar): FieldType {
  return typeof value === 'number' ? 'float' : (typeof value as 'string' | 'boolean');
}

/** The value as this type, or undefined where that would lose something. */
export function fit(value: Scalar, type: FieldType): Scalar | undefined {
  switch (type) {
    case 'string':
      return String(value);
    case 'boolean':
      if (value === 'true' || value === 'false') return value === 'true';
      return typeof value === 'boolean' ? value : undefined;
    case 'float':
      return exactNumber(value);
    case 'integer':
    case 'unsigned': {
      const number = exactNumber(value);
      if (number === undefined || !isWhole64(number) || (type === 'unsigned' && number < 0)) return undefined;
      return number + 0;
    }
  }
}

/** Beyond 2^53 too: what a double cannot hold has not become one. */
function isWhole64(number: number): boolean {
  return Number.isInteger(number) && number >= -(2 ** 63) && number < 2 ** 63;
}

function exactNumber(value: Scalar): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && String(number) === value ? number : undefined;
}

/**
 * What is known of the types of one measurement's fields: as declared, but for what was learnt in the life of a
 * session.
 */
export class FieldTypes {
  readonly #types: Map<string, FieldType>;
  readonly #openings = new Map<string, string>();

  constructor(learnt: Iterable<readonly [string, FieldType]> = []) {
    this.#types = new Map([...declared, ...learnt]);
  }

  /** Whether that was news. */
  learn(name: string, type: FieldType): boolean {
    if (this.#types.get(name) === type) return false;
    this.#types.set(name, type);
    this.#openings.delete(name);
    return true;
  }

  /** What a text field of this name begins with, up to its quote; undefined where more has to be looked at. */
  textOpening(name: string): string | undefined {
    const opening = this.#openings.get(name);
    if (opening !== undefined || this.#types.get(name) !== 'string' || !isAsItIs(name)) return opening;
    const made = `,${name}="`;
    this.#openings.set(name, made);
    return made;
  }

  copy(): FieldTypes {
    return new FieldTypes(this.#types);
  }

  of(name: string, value: Scalar): FieldType {
    return this.#types.get(name) ?? naturalType(value);
  }
}

/** No name of ours, no time, and nothing to escape in it. */
function isAsItIs(name: string): boolean {
  return name !== 'event_id' && name !== 'time' && !timestamps.has(name) && isPlain(name);
}

export interface TypeConflict {
  readonly field: string;
  readonly type: FieldType;
}

/** Characters of an answer that are looked at: a name has 255 at most. */
const maxRefusalLength = 8_192;

/**
 * The type that the server has, from the text of its refusal: InfluxDB 1 and 2 say `input field "x" on measurement "m"
 * is type float, already exists as type integer` [run on 1.6.7]; 3 says `column 'x', expected
 * iox::column_type::field::integer`.
 */
export function conflictIn(text: string): TypeConflict | undefined {
  const words = text.slice(0, maxRefusalLength);
  const found =
    classicConflict(words) ??
    /(?:column|field) '([^']+)'[^']*?expected (?:type )?iox::column_type::field::(\w+)/s.exec(words);
  const type = found === null ? undefined : typeNamed(found[2]!);
  return found === null || type === undefined ? undefined : { field: found[1]!.replace(/\\(["\\])/g, '$1'), type };
}

/**
 * The name (as it is quoted) and the type, behind the whole. By steps, since one pattern would
 * start again at every `input field`.
 */
function classicConflict(text: string): readonly string[] | undefined {
  const start = text.indexOf('input field "');
  if (start < 0) return undefined;
  const name = /((?:[^"\\]|\\.)*)" on measurement "/sy;
  name.lastIndex = start + 'input field "'.length;
  const [whole, field = ''] = name.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const type = /" is type \w{1,20}, already exists as type (\w{1,20})/g;
  type.lastIndex = name.lastIndex;
  const [, existing] = type.exec(text) ?? [];
  return existing === undefined ? undefined : ['', field, existing];
}

/** As the servers spell them. */
export function typeNamed(word: string): FieldType | undefined {
  switch (word) {
    case 'float':
    case 'integer':
    case 'unsigned':
    case 'string':
    case 'boolean':
      return word;
    case 'uinteger':
      return 'unsigned';
    default:
      return undefined;
  }
}
