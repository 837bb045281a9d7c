import { exactFields } from './digits.js';
import { type Event, type Fields, maxFields } from './event.js';
import { jsonError } from './json-error.js';
import type { Message } from './message.js';
import { isEpochMs, parseTimestamp } from './timestamp.js';

/**
 * What a message turns out to be.
 *
 * - event: goes to the sink.
 * - undated: an event without `created`, on a message without a timestamp. Decode it again with a stamp: the time at
 *   which this message was first seen, kept durably so that a redelivery gets the same.
 * - refused: not an event, for the reason given: a dead letter. A sink with `acceptsText` takes `event` all the same.
 */
export type Decoded =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'undated' }
  | { readonly kind: 'refused'; readonly reason: string; readonly event: Event };

/** Levels of values within values. MongoDB takes 100, and JSON writers recurse until their stack overflows. */
const deepest = 100;

/** Reads a message for a sink. Never throws. The stamp is epoch ms. */
export function decode(message: Message, stamp?: number): Decoded {
  const { body } = message;
  // Some writers begin with a byte order mark.
  const text = body.charCodeAt(0) === 0xfeff ? body.slice(1) : body;
  let value: unknown;
  try {
    value = message.fields ?? JSON.parse(text);
  } catch (error) {
    return { kind: 'refused', reason: notJson(text, error), event: asText(message, stamp) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const reason = `the body is JSON but not an object: it is ${nameOf(value)}`;
    return { kind: 'refused', reason, event: asText(message, stamp) };
  }
  const fields = value as Fields;
  const flaw = message.plain ? undefined : flawOf(fields);
  if (flaw !== undefined) return { kind: 'refused', reason: flaw, event: asText(message, stamp) };
  const { created } = fields;
  if (created === undefined || created === null) {
    const known = timestampOf(message) ?? stamp;
    return known === undefined ? { kind: 'undated' } : { kind: 'event', event: eventOf(message, text, fields, known) };
  }
  const moment = parseTimestamp(created);
  if (moment !== undefined) return { kind: 'event', event: eventOf(message, text, fields, moment) };
  const reason = `created cannot be read as a time between 1970 and 9999: it is ${nameOf(created)}`;
  return { kind: 'refused', reason, event: eventOf(message, text, fields, fallback(message, stamp)) };
}

/** Why no sink can have them. */
function flawOf(fields: Fields): string | undefined {
  let count = 0;
  for (const name in fields) {
    if (reaches(fields[name], deepest - 1)) return `the body is nested more than ${deepest} levels deep`;
    count += 1;
  }
  return count > maxFields ? `the body has ${count} fields: more than ${maxFields}` : undefined;
}

function deeperThan(value: Fields | readonly unknown[], levels: number): boolean {
  if (Array.isArray(value)) return value.some(inner => reaches(inner, levels));
  for (const name in value) if (reaches((value as Fields)[name], levels)) return true;
  return false;
}

function reaches(value: unknown, levels: number): boolean {
  return typeof value === 'object' && value !== null && (levels === 0 || deeperThan(value as Fields, levels - 1));
}

/** A body that is not an event, wrapped as one for sinks that take any text. */
function asText(message: Message, stamp: number | undefined): Event {
  const { id, source, received, body } = message;
  const created = fallback(message, stamp);
  return { id, created, category: 'unknown', type: undefined, fields: {}, text: body, source, received };
}

function eventOf({ id, plain, source, received }: Message, body: string, fields: Fields, created: number): Event {
  const { category, type } = fields;
  const event: Event = {
    id,
    created,
    category: typeof category === 'string' && category !== '' ? category : 'unknown',
    type: typeof type === 'string' && type !== '' ? type : undefined,
    fields,
    body,
    source,
    received,
  };
  const exact = plain ? undefined : exactFields(body);
  return exact === undefined ? event : { ...event, exact };
}

function fallback(message: Message, stamp: number | undefined): number {
  return timestampOf(message) ?? stamp ?? message.received;
}

/** Foreign publishers put anything there. */
function timestampOf({ timestamp }: Message): number | undefined {
  return isEpochMs(timestamp) && timestamp > 0 ? timestamp : undefined;
}

function notJson(body: string, error: unknown): string {
  if (body.trim() === '') return 'the body is empty';
  return `the body is not JSON: ${jsonError(body, error)}; it begins with ${excerpt(body)}`;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? excerpt(value) : String(value);
}

/** The first 40 characters, in quotes, without what could disturb a terminal or a log. */
function excerpt(text: string): string {
  const characters = [...text.slice(0, 200)];
  const safe = characters
    .slice(0, 40)
    .join('')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return characters.length > 40 ? `'${safe}…'` : `'${safe}'`;
}
