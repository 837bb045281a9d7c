import { createHash } from 'node:crypto';
import { ExactNumber, stringifyExact } from '../events/digits.js';
import { type Event, type Fields, isReceived } from '../events/event.js';
import { fields as knownFields, personalFields } from '../events/fields.js';
import { hideParameters } from '../redact.js';

/**
 * Who did it, and what of it may be sent to an analytics service. The one rule for personal names: names and mail
 * addresses of people leave this machine for such a service only with ANALYTICS_SEND_NAMES=on, wherever in the event
 * they stand.
 */
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

/** Ids that stand for nobody. Amplitude refuses them; so should anybody else. */
const nobody = new Set([
  ...['', 'anonymous', 'nil', 'none', 'null', 'n/a', 'na', 'undefined', 'unknown', 'false', 'true', 'nan'],
  ...['{}', '[]', '[object object]', 'lmy47d', '-1'],
]);
/** Zero in any form: Clowder's anonymous user (24 zeros), the nil UUID, an advertising id that is switched off. */
const zeros = /^[0\-:]+$/;

const visitorFields = ['device_id', 'visitor_id', 'visitor', 'client_id', 'session_id', 'session'];

export function identify(event: Event, sendNames: boolean): Person {
  const user = identifier(event.fields.user_id);
  const own = visitorFields.map(name => identifier(event.fields[name])).find(id => id !== undefined);
  if (own !== undefined) return { user: opaque(user, sendNames), visitor: `visitor-${digest(own, 16)}`, shared: false };
  if (user !== undefined) return { user: opaque(user, sendNames), visitor: `user-${digest(user, 16)}`, shared: false };
  return { user: undefined, visitor: pseudonym(event), shared: true };
}

/** An id as a string, unless it stands for nobody. */
function identifier(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const id = wellFormed(String(value)).trim();
  return nobody.has(id.toLowerCase()) || zeros.test(id) ? undefined : id;
}

function opaque(user: string | undefined, sendNames: boolean): string | undefined {
  if (user === undefined) return undefined;
  const shown = user.length <= maxIdLength && (sendNames || !user.includes('@'));
  return shown ? user : `user-${digest(user, 16)}`;
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

/** Fields that the catalogue does not know are judged by the last words of their name. */
const personalName =
  /(?:^|_)(?:(?:user|author|creator|owner|uploader|contributor|person|first|last|given|family|full|display|real|nick)_?names?|e?mail(?:_address)?(?:es|s)?)$/;
/** Longer than the longest of them. */
const maxNameEnd = 40;
/** Characters of a text that a service is asked to take; each of them cuts shorter still. */
const maxTextLength = 8_192;

/** Does a field of this name hold a name or a mail address of a person? (`user_name`, `author_name`, `creatorEmail`) */
export function isPersonal(field: string): boolean {
  if (Object.hasOwn(knownFields, field)) return personalFields.has(field);
  return personalName.test(
    field
      .slice(-maxNameEnd)
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .toLowerCase(),
  );
}

/** One @ with something before it, and a dot in what follows it that neither begins nor ends it; no white space. */
function isMailAddress(text: string): boolean {
  const at = text.indexOf('@');
  if (at < 1 || text.includes('@', at + 1)) return false;
  const dot = text.indexOf('.', at + 2);
  return dot >= 0 && dot < text.length - 1 && !/\s/.test(text);
}

export type Scalar = string | number | boolean;

/**
 * The event's fields as scalars, in their order: nested values as JSON text, null and empty strings left out, names of
 * people only when allowed, and without the keys and tokens that a URL may carry.
 */
export function* scalars(fields: Fields, sendNames: boolean): Generator<[name: string, value: Scalar]> {
  for (const [name, value] of Object.entries(fields)) {
    if (!sendNames && isPersonal(name)) continue;
    const scalar = toScalar(value, sendNames);
    // A number that a double cannot hold goes as text, under a name of its own: one property, one type.
    if (value instanceof ExactNumber) yield [`${wellFormed(name)}_text`, value.digits];
    else if (scalar !== undefined) yield [wellFormed(name), scalar];
  }
}

function toScalar(value: unknown, sendNames: boolean): Scalar | undefined {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'string':
      return value === '' || (!sendNames && isMailAddress(value))
        ? undefined
        : hideParameters(wellFormed(value.slice(0, maxTextLength)));
    case 'object':
      return value === null ? undefined : nestedText(value, sendNames);
    default:
      return undefined;
  }
}

function nestedText(value: object, sendNames: boolean): string | undefined {
  const allowed = (name: string, inner: unknown): unknown => {
    if (sendNames) return inner;
    return isPersonal(name) || (typeof inner === 'string' && isMailAddress(inner)) ? undefined : inner;
  };
  try {
    return hideParameters(wellFormed(stringifyExact(value, allowed)));
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
