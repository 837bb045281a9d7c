import type { Event, Fields } from '../../events/event.js';
import { type StoreNumber, withStoredNumbers } from './numbers.js';

/** What MongoDB keeps: see docs/mapping-mongodb.md. */
export interface StoredDocument {
  _id: string;
  [field: string]: unknown;
}

/** Fields of the document that are the sink's; an event's own field of that name is kept under another. */
export const reserved = ['_id', 'created_at'];

/**
 * The event's fields verbatim (`created` as it was received), `_id` = the event's id, and `created_at`, a date that
 * MongoDB can sort and expire by. A body that was no JSON object is echoed as the older worker did: `created` in ms,
 * `message`.
 */
export function toDocument(event: Event, storeNumber: StoreNumber = String): StoredDocument {
  if (event.text !== undefined) return { _id: event.id, created: event.created, message: event.text };
  const fields = event.exact === undefined ? event.fields : (withStoredNumbers(event.exact, storeNumber) as Fields);
  if (!reserved.some(name => Object.hasOwn(fields, name))) {
    return { _id: event.id, ...fields, created_at: new Date(event.created) };
  }
  // fromEntries makes own properties of every name, `__proto__` too.
  const kept = Object.fromEntries(Object.entries(fields).map(([name, value]) => [keptName(name, fields), value]));
  return { _id: event.id, ...kept, created_at: new Date(event.created) };
}

function keptName(name: string, fields: Event['fields']): string {
  if (!reserved.includes(name)) return name;
  let kept = `${name}_original`;
  while (Object.hasOwn(fields, kept)) kept += '_original';
  return kept;
}
