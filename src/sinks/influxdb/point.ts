import { measure } from '../../events/catalogue.js';
import { ExactNumber, isInt64, stringifyExact } from '../../events/digits.js';
import { type Event, isReceived } from '../../events/event.js';
import { hashOf } from '../../events/identity.js';
import { parseTimestamp } from '../../events/timestamp.js';
import type { Noting } from '../rendering.js';
import { fieldText, isPlainText, keyText, type Scalar, safeName, tagText, timestampText } from './line-protocol.js';
import { type FieldTypes, fit, isTimestamp, naturalType, normalised } from './types.js';

/** Later milliseconds do not fit in a signed 64-bit number of nanoseconds: the year 2262. */
export const latestMs = 9_223_372_036_853;

/**
 * Characters of a tag's value. Tags are indexed, so their values should be few and short; a longer one is cut, and
 * stands whole in the field `<tag>_text`. The cut depends on nothing but the value: a retry must meet its own point
 * again.
 */
export const maxTagLength = 256;

/** Names that are tried for one field: an event may have all of those that follow, so as to be slow. */
const maxNumbered = 100;

/** Fields of one event; what exceeds them is kept as JSON in the field `other_fields`. */
const maxFields = 250;

export interface Schema {
  /** Escaped. */
  readonly measurement: string;
  /** Fields of an event that become tags, in the order of their names. */
  readonly tags: ReadonlySet<string>;
}

/** Why InfluxDB cannot have it. */
export function refusalOf({ created }: Pick<Event, 'created'>): string | undefined {
  return created <= latestMs ? undefined : 'its time is after the year 2262, which InfluxDB cannot express';
}

/** Measurement and tags of an event, escaped: two points of one series share this text. */
export function seriesOf(event: Event, schema: Schema): string {
  let series = schema.measurement;
  for (const tag of schema.tags) series += tagPart(tag, tagValue(event, tag));
  return series;
}

/** What a tag adds to a series; empty where the event does not have it. */
export function tagPart(tag: string, value: string | undefined): string {
  const text = value === undefined ? undefined : tagText(value.slice(0, maxTagLength));
  return text === undefined ? '' : `,${keyText(tag)}=${text}`;
}

/**
 * A tag is made of what was received alone: it is a part of the point's name, and what is known beside the event may
 * have grown when it comes again, which would make a second point.
 */
export function tagValue(event: Event, tag: string): string | undefined {
  const { context } = event;
  const isAdded = context !== undefined && Object.hasOwn(context, tag);
  // What every object inherits is none of these.
  const value = isAdded ? undefined : (event.exact ?? event.fields)[tag];
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof ExactNumber) return value.digits;
  return tag === 'category' ? event.category : undefined;
}

/**
 * The line of an event: its tags as configured; every other field as a field of the same name (what is nested, as JSON
 * text), but for `created`, which is the time; `event_id`; and `bytes` or `item_count` where `size` means one of them.
 */
export function lineOf(
  event: Event,
  series: string,
  slot: number,
  schema: Schema,
  types: FieldTypes,
  noting?: Noting,
): string {
  const { id, created } = event;
  const fields = event.exact ?? event.fields;
  let line = `${series} event_id=${fieldText('string', id)}`;
  let count = 1;
  /** Names that are not the event's own. */
  const made: string[] = [];
  let others: Record<string, unknown> | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (value === null || value === undefined || name === 'created') continue;
    const isTag = schema.tags.has(name);
    // Most fields are texts that need neither another name nor an escape.
    if (typeof value === 'string' && !isTag && count < maxFields && isPlainText(value)) {
      const opening = types.textOpening(name);
      if (opening !== undefined) {
        line = `${line}${opening}${value}"`;
        count += 1;
        continue;
      }
    }
    const nested = typeof value === 'object' && !(value instanceof ExactNumber);
    const isCut = typeof value === 'string' && value.length > maxTagLength;
    if (isTag && !nested && !isCut && isReceived(event, name)) continue;
    if (count >= maxFields) {
      noting?.('kept as JSON, in other_fields', name);
      others ??= Object.create(null) as Record<string, unknown>;
      others[name] = value;
      continue;
    }
    let wanted = name === 'event_id' ? 'x_event_id' : safeName(name);
    if (isTag) wanted = `${wanted}_${nested ? 'json' : 'text'}`;
    if (wanted !== name) {
      wanted = freeName(wanted, event, made);
      made.push(wanted);
      noting?.(isTag ? `stands whole in ${wanted}` : `kept as ${wanted}`, name);
    }
    if (nested) noting?.('kept as JSON text', name);
    line += `,${fieldOf(wanted, scalar(name, value), event, made, types, noting)}`;
    count += 1;
  }
  const { bytes, item_count } = measure(event);
  const size = fields.size instanceof ExactNumber ? fields.size : undefined;
  if (bytes !== undefined) line += `,${fieldOf('bytes', size ?? bytes, event, made, types)}`;
  if (item_count !== undefined) line += `,${fieldOf('item_count', size ?? item_count, event, made, types)}`;
  if (others !== undefined) {
    line += `,${fieldOf(freeName('other_fields', event, made), stringifyExact(others), event, made, types)}`;
  }
  return `${line} ${timestampText(created, slot)}`;
}

/** The event's own names come first: one that is made here takes no other's place. */
function freeName(wanted: string, event: Event, made: readonly string[]): string {
  let free = wanted;
  for (let n = 2; made.includes(free) || Object.hasOwn(event.fields, free); n += 1) {
    if (n > maxNumbered) return `${wanted}_${hashOf(wanted).slice(0, 16)}`;
    free = `${wanted}_${n}`;
  }
  return free;
}

function scalar(name: string, value: unknown): Scalar | ExactNumber {
  // Parts of a ms do not count in a time; 1e999 is not a time.
  if (value instanceof ExactNumber)
    return (isTimestamp(name) ? parseTimestamp(Number(value.digits)) : undefined) ?? value;
  if (typeof value === 'object') return stringifyExact(value);
  const plain = value as Scalar;
  return typeof plain === 'number' && !Number.isFinite(plain) ? String(plain) : normalised(name, plain);
}

/**
 * An integer where the field is one and 64 bits hold it; elsewhere the number is left out and
 * its digits stand in `<name>_text`.
 */
function exactField(
  name: string,
  { digits }: ExactNumber,
  event: Event,
  made: string[],
  types: FieldTypes,
  noting: Noting | undefined,
): string {
  const type = types.of(name, 0);
  if (type === 'integer' && isInt64(digits)) return `${keyText(name)}=${BigInt(digits)}i`;
  if (type === 'string') return fieldOf(name, digits, event, made, types);
  const text = freeName(`${name}_text`, event, made);
  made.push(text);
  noting?.(`more than a double holds: kept as text in ${text}`, name);
  return fieldOf(text, digits, event, made, types);
}

/** Under its own name when the value fits the field's type without loss, else under `<name>_<type>`. */
function fieldOf(
  name: string,
  value: Scalar | ExactNumber,
  event: Event,
  made: string[],
  types: FieldTypes,
  noting?: Noting,
): string {
  if (value instanceof ExactNumber) return exactField(name, value, event, made, types, noting);
  const type = types.of(name, value);
  const fitting = fit(value, type);
  if (fitting !== undefined) return `${keyText(name)}=${fieldText(type, fitting)}`;
  const natural = naturalType(value);
  let other = `${name}_${natural}`;
  while (made.includes(other) || Object.hasOwn(event.fields, other)) other += '_';
  noting?.(`does not fit the type ${type}: kept in ${other}`, name);
  const otherType = types.of(other, value);
  const otherFitting = fit(value, otherType);
  return otherFitting === undefined
    ? `${keyText(other)}=${fieldText(natural, value)}`
    : `${keyText(other)}=${fieldText(otherType, otherFitting)}`;
}
