import { measure } from '../../events/catalogue.js';
import type { Event } from '../../events/event.js';
import { fieldText, keyText, type Scalar, safeName, tagText, timestampText } from './line-protocol.js';
import { type FieldTypes, fit, naturalType, normalised } from './types.js';

/** One event as InfluxDB keeps it, before its timestamp is settled and its fields are written as text. */
export interface Point {
  readonly id: string;
  /** Epoch ms. */
  readonly created: number;
  /** Escaped measurement and tags: two points of one series share this text. */
  readonly series: string;
  /** Of the fields, safe and all different; `values` has theirs at the same positions. */
  readonly names: readonly string[];
  readonly values: readonly Scalar[];
}

/** Later milliseconds do not fit in a signed 64-bit number of nanoseconds: the year 2262. */
export const LATEST_MS = 9_223_372_036_853;

/**
 * Characters of a tag's value. Tags are indexed, so their values should be few and short; a longer one is cut, and stands
 * whole in the field `<tag>_text`. The cut depends on nothing but the value: a retry must meet its own point again.
 */
const LONGEST_TAG = 256;

/** Fields of one event; what exceeds them is kept as JSON in the field `other_fields`. */
const MOST_FIELDS = 250;

export interface Schema {
  /** Escaped. */
  readonly measurement: string;
  /** Fields of an event that become tags, in the order of their names. */
  readonly tags: ReadonlySet<string>;
}

/**
 * Tags as configured; every other field of the event as a field of the same name (what is nested, as JSON text), but for
 * `created`, which is the time; `event_id`; and `bytes` or `item_count` where `size` means one of them.
 */
export function pointOf(event: Event, schema: Schema): Point {
  const names = ['event_id'];
  const values: Scalar[] = [event.id];
  const add = (name: string, value: Scalar): void => {
    names.push(name);
    values.push(value);
  };
  let series = schema.measurement;
  for (const tag of schema.tags) {
    const value = tagValue(event, tag);
    if (value === undefined) continue;
    const whole = String(value);
    const long = whole.length > LONGEST_TAG;
    const text = tagText(long ? whole.slice(0, LONGEST_TAG) : whole);
    if (text !== undefined) series += `,${keyText(tag)}=${text}`;
    if (long) add(freeName(`${tag}_text`, event, names), whole);
  }
  let others: Record<string, unknown> | undefined;
  for (const name of Object.keys(event.fields)) {
    const value = event.fields[name];
    if (name === 'created' || value === null || value === undefined) continue;
    const isTag = schema.tags.has(name);
    if (isTag && typeof value !== 'object') continue;
    if (names.length >= MOST_FIELDS) {
      others ??= Object.create(null) as Record<string, unknown>;
      others[name] = value;
      continue;
    }
    const safe = name === 'event_id' ? 'x_event_id' : safeName(isTag ? `${name}_json` : name);
    add(safe === name ? name : freeName(safe, event, names), scalar(name, value));
  }
  const { bytes, item_count } = measure(event);
  if (bytes !== undefined) add('bytes', bytes);
  if (item_count !== undefined) add('item_count', item_count);
  if (others !== undefined) add(freeName('other_fields', event, names), JSON.stringify(others));
  return { id: event.id, created: event.created, series, names, values };
}

function tagValue(event: Event, tag: string): Scalar | undefined {
  const value = Object.hasOwn(event.fields, tag) ? event.fields[tag] : undefined;
  if (value === null || value === '' || typeof value === 'object' || value === undefined) {
    return tag === 'category' ? event.category : undefined;
  }
  return value as Scalar;
}

function scalar(name: string, value: unknown): Scalar {
  if (typeof value === 'object') return JSON.stringify(value);
  const plain = value as Scalar;
  return typeof plain === 'number' && !Number.isFinite(plain) ? String(plain) : normalised(name, plain);
}

/** The event's own names come first: one that is made here, or had to be changed, takes no other's place. */
function freeName(safe: string, event: Event, names: readonly string[]): string {
  let free = safe;
  for (let n = 2; names.includes(free) || Object.hasOwn(event.fields, free); n += 1) free = `${safe}_${n}`;
  return free;
}

/** The line of a point at its slot, each field as the type that it has. */
export function lineOf(point: Point, slot: number, types: FieldTypes): string {
  let line = point.series;
  for (let n = 0; n < point.names.length; n += 1) {
    line += (n === 0 ? ' ' : ',') + placed(point.names[n]!, point.values[n]!, point, types);
  }
  return `${line} ${timestampText(point.created, slot)}`;
}

/** Under its own name when the value fits the field's type without loss, else under `<name>_<type>`. */
function placed(name: string, value: Scalar, point: Point, types: FieldTypes): string {
  const type = types.of(name, value);
  const fitting = fit(value, type);
  if (fitting !== undefined) return `${keyText(name)}=${fieldText(type, fitting)}`;
  const natural = naturalType(value);
  let other = `${name}_${natural}`;
  while (point.names.includes(other)) other += '_';
  const otherType = types.of(other, value);
  const otherFitting = fit(value, otherType);
  return otherFitting === undefined
    ? `${keyText(other)}=${fieldText(natural, value)}`
    : `${keyText(other)}=${fieldText(otherType, otherFitting)}`;
}
