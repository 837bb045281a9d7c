import { createHash } from 'node:crypto';
import { ExactNumber, stringifyExact } from '../events/digits.js';
import { type Event, type Fields, isReceived } from '../events/event.js';
import { isNobody } from '../people/nobody.js';
import { hideParameters } from '../redact.js';

/** Who did it, for an analytics service. What of it may be sent was decided before: people/personal-data.ts. */
export interface Person {
  /** Opaque id of a signed-in user; undefined for anonymous visitors and for events that nobody caused. */
  readonly user: string | undefined;
  /**
   * Opaque id of the visitor's browser or session, or else one of a bounded set of
   * pseudonyms. Same event, same visitor.
   */
  readonly visitor: string;
  /** The visitor is a pseudonym that strangers share. */
  readonly shared: boolean;
}

/**
 * Pseudonyms for visitors of whom nothing is known: few, because each counts as a person at the service;
 * enough to stay under limits per person.
 */
const pseudonyms = 100;
/** Longer ids are replaced by their hash. Google Analytics takes 256 characters at most. */
const maxIdLength = 256;
const dayMs = 86_400_000;

const visitorFields = ['device_id', 'visitor_id', 'visitor', 'client_id', 'session_id', 'session'];

export function identify(event: Event): Person {
  const user = identifier(event.fields.user_id);
  const own = visitorFields.map(name => identifier(event.fields[name])).find(id => id !== undefined);
  if (own !== undefined) return { user: short(user), visitor: `visitor-${digest(own, 16)}`, shared: false };
  if (user !== undefined) return { user: short(user), visitor: `user-${digest(user, 16)}`, shared: false };
  return { user: undefined, visitor: pseudonym(event), shared: true };
}

/** An id as a string, unless it stands for nobody. */
function identifier(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const id = wellFormed(String(value)).trim();
  return isNobody(id) ? undefined : id;
}

function short(user: string | undefined): string | undefined {
  return user === undefined || user.length <= maxIdLength ? user : `user-${digest(user, 16)}`;
}

/**
 * Keyed by what tells visitors apart: browser and address of a day, or, where neither is known, what was looked at, by
 * what was received: an event that comes again must have the same visitor.
 */
function pseudonym(event: Event): string {
  const { user_agent, ip, resource_id } = event.fields;
  const dataset_id = isReceived(event, 'dataset_id') ? event.fields.dataset_id : undefined;
  const day = Math.floor(event.created / dayMs);
  const known = user_agent !== undefined || ip !== undefined;
  const key = JSON.stringify(known ? [day, user_agent, ip] : [day, event.category, resource_id ?? dataset_id]);
  return `anonymous-${Number.parseInt(digest(key, 12), 16) % pseudonyms}`;
}

/** SHA-256 as hex, cut. */
export function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** Characters of a text that a service is asked to take; each of them cuts shorter still. */
const maxTextLength = 8_192;

export type Scalar = string | number | boolean;

/**
 * The event's fields as scalars, in their order: nested values as JSON text, null and empty strings left out, and
 * without the keys and tokens that a URL may carry.
 */
export function* scalars(fields: Fields): Generator<[name: string, value: Scalar]> {
  for (const [name, value] of Object.entries(fields)) {
    const scalar = toScalar(value);
    // A number that a double cannot hold goes as text, under a name of its own: one property, one type.
    if (value instanceof ExactNumber) yield [`${wellFormed(name)}_text`, value.digits];
    else if (scalar !== undefined) yield [wellFormed(name), scalar];
  }
}

function toScalar(value: unknown): Scalar | undefined {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'string':
      return value === '' ? undefined : hideParameters(wellFormed(value.slice(0, maxTextLength)));
    case 'object':
      return value === null ? undefined : nestedText(value);
    default:
      return undefined;
  }
}

function nestedText(value: object): string | undefined {
  try {
    return hideParameters(wellFormed(stringifyExact(value)));
  } catch {
    // Nested deeper than the stack: no chart shows it.
    return undefined;
  }
}

/** No server has to accept half a surrogate pair: it becomes U+FFFD. */
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text, 'utf8').toString('utf8') : text;
}

/** At most `max` UTF-16 units, never half a surrogate pair. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}
