import { measure } from '../../events/catalogue.js';
import type { Event } from '../../events/event.js';
import { type FieldType, fieldText, keyText, type Scalar, safeName, tagText, timestampText } from './line-protocol.js';
import { type FieldTypes, fit, naturalType, normalised } from './types.js';

/** One event as InfluxDB keeps it, before its timestamp is settled and its fields are written as text. */
export interface Point {
  readonly id: string;
  /** Epoch ms. */
  readonly created: number;
  /** Escaped measurement and tags: two points of one series share this text. */
  readonly series: string;
  /** Names are safe and differ. */
  readonly fields: ReadonlyMap<string, Scalar>;
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
  /** Fields of an event that become tags, sorted. */
  readonly tags: readonly string[];
}

/**
 * Tags as configured; every other field of the event as a field of the same name (what is nested, as JSON text), but for
 * `created`, which is the time; `event_id`; and `bytes` or `item_count` where `size` means one of them.
 */
export function pointOf(event: Event, schema: Schema): Point {
  const fields = new Map<string, Scalar>([['event_id', event.id]]);
  let series = schema.measurement;
  for (const tag of schema.tags) {
    const value = tagValue(event, tag);
    if (value === undefined) continue;
    const whole = String(value);
    const text = tagText(whole.length > LONGEST_TAG ? whole.slice(0, LONGEST_TAG) : whole);
    if (text !== undefined) series += `,${keyText(tag)}=${text}`;
    if (whole.length > LONGEST_TAG) fields.set(`${tag}_text`, whole);
  }
  let others: Record<string, unknown> | undefined;
  for (const name of Object.keys(event.fields)) {
    const value = event.fields[name];
    if (name === 'created' || value === null || value === undefined) continue;
    const isTag = schema.tags.includes(name);
    if (isTag && typeof value !== 'object') continue;
    if (fields.size >= MOST_FIELDS) {
      others ??= Object.create(null) as Record<string, unknown>;
      others[name] = value;
    } else {
      const wanted = isTag ? `${name}_json` : name;
      fields.set(freeName(wanted, event, fields), scalar(name, value));
    }
  }
  for (const [name, value] of Object.entries(measure(event))) fields.set(name, value);
  if (others !== undefined) fields.set(freeName('other_fields', event, fields), JSON.stringify(others));
  return { id: event.id, created: event.created, series, fields };
}

function tagValue(event: Event, tag: string): Scalar | undefined {
  if (tag === 'category') return event.category;
  if (tag === 'type') return event.type;
  const value = Object.hasOwn(event.fields, tag) ? event.fields[tag] : undefined;
  return value === null || typeof value === 'object' ? undefined : (value as Scalar | undefined);
}

function scalar(name: string, value: unknown): Scalar {
  if (typeof value === 'object') return JSON.stringify(value);
  const plain = value as Scalar;
  return typeof plain === 'number' && !Number.isFinite(plain) ? String(plain) : normalised(name, plain);
}

/** The event's own names come first: one that had to be changed takes no other's place. */
function freeName(name: string, event: Event, fields: ReadonlyMap<string, unknown>): string {
  const safe = name === 'event_id' ? 'x_event_id' : safeName(name);
  if (safe === name && !fields.has(name)) return name;
  let free = safe;
  for (let n = 2; fields.has(free) || Object.hasOwn(event.fields, free); n += 1) free = `${safe}_${n}`;
  return free;
}

/** The line of a point at its slot, each field as the type that it has. */
export function lineOf(point: Point, slot: number, types: FieldTypes): string {
  let line = point.series;
  let separator = ' ';
  for (const [name, value] of point.fields) {
    const placed = place(name, value, point, types);
    line += `${separator}${keyText(placed.name)}=${fieldText(placed.type, placed.value)}`;
    separator = ',';
  }
  return `${line} ${timestampText(point.created, slot)}`;
}

interface Placed {
  readonly name: string;
  readonly type: FieldType;
  readonly value: Scalar;
}

/** Under its own name when the value fits the field's type without loss, else under `<name>_<type>`. */
function place(name: string, value: Scalar, point: Point, types: FieldTypes): Placed {
  const type = types.of(name, value);
  const fitting = fit(value, type);
  if (fitting !== undefined) return { name, type, value: fitting };
  const natural = naturalType(value);
  let other = `${name}_${natural}`;
  while (point.fields.has(other)) other += '_';
  const otherType = types.of(other, value);
  const otherFitting = fit(value, otherType);
  if (otherFitting !== undefined) return { name: other, type: otherType, value: otherFitting };
  return { name: other, type: natural, value };
}
