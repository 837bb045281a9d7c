import { Decimal128, Long } from 'mongodb';
import { ExactNumber, isInt64 } from '../../events/digits.js';
import type { Event, Fields } from '../../events/event.js';

/** What MongoDB keeps: see docs/mapping-mongodb.md. */
export interface StoredDocument {
  _id: string;
  [field: string]: unknown;
}

/** Fields of the document that are the sink's; an event's own field of that name is kept under another. */
const reserved = ['_id', 'created_at'];

/**
 * The event's fields verbatim (`created` as it was received), `_id` = the event's id, and `created_at`, a date that
 * MongoDB can sort and expire by. A number that a double cannot hold is a Long or a Decimal128. A body that was no JSON object is echoed as the older worker did: `created` in ms, `message`.
 */
export function toDocument(event: Event): StoredDocument {
  if (event.text !== undefined) return { _id: event.id, created: event.created, message: event.text };
  const fields = event.exact === undefined ? event.fields : (stored(event.exact) as Fields);
  if (!reserved.some(name => Object.hasOwn(fields, name))) {
    return { _id: event.id, ...fields, created_at: new Date(event.created) };
  }
  // fromEntries makes own properties of every name, `__proto__` too.
  const kept = Object.fromEntries(Object.entries(fields).map(([name, value]) => [keptName(name, fields), value]));
  return { _id: event.id, ...kept, created_at: new Date(event.created) };
}

/** A Long, a Decimal128 (34 digits), or the digits as text where neither holds it. */
function stored(value: unknown): unknown {
  if (value instanceof ExactNumber) return storedNumber(value.digits);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(stored);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, stored(member)]));
}

function storedNumber(digits: string): unknown {
  if (isInt64(digits)) return Long.fromString(digits);
  try {
    return Decimal128.fromString(digits);
  } catch {
    return digits;
  }
}

function keptName(name: string, fields: Event['fields']): string {
  if (!reserved.includes(name)) return name;
  let kept = `${name}_original`;
  while (Object.hasOwn(fields, kept)) kept += '_original';
  return kept;
}
