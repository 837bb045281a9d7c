import { isEventId } from './identity.js';
import { parseTimestamp, timestampPattern } from './timestamp.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a field holds: how it is checked, the words for a client that sends something else, and its JSON Schema. */
interface KindDefinition {
  accepts(value: unknown): boolean;
  /** Ends the sentence "<field> must be …". */
  readonly expected: string;
  readonly schema: JsonSchema;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isAmount = (value: unknown): boolean => isNumber(value) && (value as number) >= 0;

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Characters are code points, as in JSON Schema. */
function isCategory(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > 256) return false;
  return value.length <= 128 || [...value].length <= 128;
}

export const fieldKinds = {
  eventId: {
    accepts: isEventId,
    expected: '1 to 128 printable ASCII characters',
    schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[ -~]+$' },
  },
  category: {
    accepts: isCategory,
    expected: 'a string of 1 to 128 characters',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
  id: {
    accepts: value => typeof value === 'string' && value.length > 0,
    expected: 'an id: a string that is not empty',
    schema: { type: 'string', minLength: 1 },
  },
  text: { accepts: isText, expected: 'a string', schema: { type: 'string' } },
  url: { accepts: isText, expected: 'a URL or a path, as a string', schema: { type: 'string' } },
  boolean: {
    accepts: value => typeof value === 'boolean',
    expected: 'true or false',
    schema: { type: 'boolean' },
  },
  count: {
    accepts: isCount,
    expected: 'a whole number, 0 or more',
    schema: { type: 'integer', minimum: 0 },
  },
  bytes: {
    accepts: isCount,
    expected: 'a whole number of bytes, 0 or more',
    schema: { type: 'integer', minimum: 0 },
  },
  number: { accepts: isNumber, expected: 'a number', schema: { type: 'number' } },
  seconds: {
    accepts: isAmount,
    expected: 'a number of seconds, 0 or more',
    schema: { type: 'number', minimum: 0 },
  },
  percent: {
    accepts: value => isAmount(value) && (value as number) <= 100,
    expected: 'a percentage from 0 to 100',
    schema: { type: 'number', minimum: 0, maximum: 100 },
  },
  list: {
    accepts: value => Array.isArray(value) && value.every(isObject),
    expected: 'a list of objects',
    schema: { type: 'array', items: { type: 'object' } },
  },
  timestamp: {
    accepts: value => parseTimestamp(value) !== undefined,
    expected: 'a time between 1970 and 9999: epoch seconds, milliseconds or microseconds, or ISO-8601',
    schema: {
      oneOf: [
        { type: 'number', minimum: 0, exclusiveMaximum: 1e17 },
        { type: 'string', pattern: timestampPattern },
      ],
    },
  },
} as const satisfies Readonly<Record<string, KindDefinition>>;

export type FieldKind = keyof typeof fieldKinds;
