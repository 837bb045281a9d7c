import { ExactNumber, exactFields, stringifyExact } from '../events/digits.js';
import type { Context, Event, Fields } from '../events/event.js';
import type { PersonalKind } from '../events/fields.js';
import { keyedHash } from '../events/identity.js';
import { canonicalAddress } from '../ip-address.js';
import { DeviceReader, isStated } from './devices.js';
import { isNobody } from './nobody.js';
import { type FieldPlace, placeOf, untouched } from './personal-fields.js';
import { KnownTexts, replaceAddresses, replaceMails } from './personal-text.js';

/**
 * How much personal data an event holds when a sink gets it.
 *
 * - full: what was received.
 * - pseudonym: ids and names of people, mail and network addresses are keyed hashes. The user agent stays.
 * - none: names, mail and network addresses and the user agent are taken out; what the agent says of system, browser
 *   and kind of device stays; ids of people are keyed hashes.
 */
export const personalLevels = ['none', 'pseudonym', 'full'] as const;
export type PersonalLevel = (typeof personalLevels)[number];

/** An event as a sink may have it. A person has the same pseudonym in every sink, as long as the secret stays. */
export type PersonalFilter = (event: Event) => Event;

/** What is left out. */
const gone = Symbol('left out');

/** Categories about services: network addresses in them are theirs. */
const ofServices: ReadonlySet<string> = new Set([
  'health',
  'service_status',
  'heartbeat',
  'extractor_heartbeat',
  'connections',
]);

/** Names and ids of an event that are looked for in its other texts; further ones only leave their own fields. */
const maxKnown = 16;
/** Shorter ones would be found in words that mean something else. */
const minKnownLength = { name: 3, id: 4, mail: 3, address: 3, agent: Number.POSITIVE_INFINITY } as const;
/** A text of JSON up to this many characters is looked into. */
const maxInnerJson = 65_536;

/** The name of a field that holds nothing of a person. */
const plainName = /^[a-z_]+$/;

const derived = [
  ['system', 'os_name'],
  ['systemVersion', 'os_version'],
  ['browser', 'browser'],
  ['browserVersion', 'browser_version'],
  ['category', 'device_category'],
] as const;

const prefixes = { name: 'name', id: 'user', mail: 'mail', address: 'ip', agent: 'agent' } as const;

/** Undefined where events pass as they are. */
export function personalFilter(level: PersonalLevel, secret: string): PersonalFilter | undefined {
  if (level === 'full') return undefined;
  const devices = new DeviceReader();
  return event => {
    const keepsAddresses = ofServices.has(event.category);
    if (event.text !== undefined) {
      const text = echoOf(event.text, new Cleaning(level, secret, [], keepsAddresses));
      return text === event.text ? event : { ...event, text };
    }
    const whole = event.exact ?? event.fields;
    const cleaning = new Cleaning(level, secret, knownValues(whole), keepsAddresses);
    const clean = cleaning.fields(whole);
    if (clean === whole) return event;
    const facts = level === 'none' ? agentFacts(event.fields, devices) : {};
    const { body: _received, exact: _whole, context: known, ...rest } = event;
    const context = known === undefined ? {} : { context: among(clean, Object.keys(known)) as Context };
    if (event.exact === undefined) return { ...rest, ...context, fields: { ...clean, ...facts } };
    const fields = { ...(inDoubles(clean) as Fields), ...facts };
    return { ...rest, ...context, fields, exact: { ...clean, ...facts } };
  };
}

/** A body that is not a JSON object. What is not JSON cannot be searched for names: only its length is kept. */
function echoOf(text: string, cleaning: Cleaning): string {
  try {
    const clean = cleaning.json(text);
    return clean ?? text;
  } catch {
    return `withheld: ${text.length} characters that cannot be searched for personal data`;
  }
}

/** One event on its way to being clean. */
class Cleaning {
  readonly #level: Exclude<PersonalLevel, 'full'>;
  readonly #secret: string;
  readonly #keepsAddresses: boolean;
  readonly #known: KnownTexts;

  constructor(
    level: Exclude<PersonalLevel, 'full'>,
    secret: string,
    known: readonly (readonly [text: string, kind: PersonalKind])[],
    keepsAddresses: boolean,
  ) {
    this.#level = level;
    this.#secret = secret;
    this.#keepsAddresses = keepsAddresses;
    this.#known = new KnownTexts(known.map(([text, kind]) => [text, this.#token(text, kind)]));
  }

  /** The same object when there is nothing to change. */
  fields(fields: Fields): Fields {
    const clean = this.#object(fields, undefined);
    return clean === gone ? {} : (clean as Fields);
  }

  /** JSON text; undefined when there is nothing to change. @throws SyntaxError when it is not JSON */
  json(text: string): string | undefined {
    const value: unknown = exactFields(text) ?? JSON.parse(text);
    const clean = this.#value(value, { person: false, ofPerson: false, keepsAddresses: this.#keepsAddresses }, true);
    return clean === value ? undefined : stringifyExact(clean === gone ? null : clean);
  }

  #object(object: Fields, outer: FieldPlace | undefined, inner = false): unknown {
    let changed = false;
    const entries: [string, unknown][] = [];
    for (const [name, value] of Object.entries(object)) {
      if (outer === undefined && untouched.has(name)) {
        entries.push([name, value]);
        continue;
      }
      const clean = this.#value(value, placeOf(name, outer), inner);
      const kept = plainName.test(name) ? name : this.#text(name, true);
      changed ||= clean !== value || kept !== name;
      if (clean !== gone) entries.push([typeof kept === 'string' ? kept : '[hidden]', clean]);
    }
    // fromEntries makes own properties of every name, `__proto__` too.
    return changed ? Object.fromEntries(entries) : object;
  }

  #value(value: unknown, place: FieldPlace, inner: boolean): unknown {
    if (typeof value === 'string') return this.#string(value, place, inner);
    if (typeof value === 'number' || value instanceof ExactNumber) {
      return place.kind === undefined ? value : this.#personal(String(value), place.kind, value);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (!Array.isArray(value)) return this.#object(value as Fields, place, inner);
    const clean = value.map(item => this.#value(item, place, inner));
    return clean.some((item, index) => item !== value[index]) ? clean.filter(item => item !== gone) : value;
  }

  #string(value: string, place: FieldPlace, inner: boolean): unknown {
    const kind = kindOf(value, place);
    if (kind !== undefined) return this.#personal(value, kind, value);
    if (!inner && /^\s*[[{]/.test(value) && value.length <= maxInnerJson) {
      try {
        return this.json(value) ?? value;
      } catch {
        // It only looked like JSON.
      }
    }
    return this.#text(value, place.keepsAddresses || this.#keepsAddresses);
  }

  #personal(text: string, kind: PersonalKind, value: unknown): unknown {
    if (text.trim() === '' || (kind === 'id' && isNobody(text.trim()))) return value;
    if (kind === 'agent') return this.#level === 'none' ? gone : value;
    return this.#level === 'none' && kind !== 'id' ? gone : this.#token(text, kind);
  }

  /** A text that is no more than a name or an address is left out with it. */
  #text(text: string, keepsAddresses: boolean): string | typeof gone {
    let clean = replaceMails(text, mail => this.#token(mail.replace('%40', '@'), 'mail'));
    if (!keepsAddresses) clean = replaceAddresses(clean, address => this.#token(address, 'address'));
    clean = this.#known.replaceIn(clean);
    if (clean === text) return text;
    return this.#level === 'none' && /^\[(?:name|mail|ip)\]$/.test(clean.trim()) ? gone : clean;
  }

  /** What stands for it: nothing but its kind, or a pseudonym. */
  #token(text: string, kind: PersonalKind): string {
    if (this.#level === 'none' && kind !== 'id') return `[${prefixes[kind]}]`;
    return pseudonym(this.#secret, text, kind);
  }
}

/** What stands for these words of a person at level `pseudonym`: as an id, as a name, as a mail address. */
export function pseudonymsOf(secret: string, text: string): string[] {
  return (['id', 'name', 'mail'] as const).map(kind => pseudonym(secret, text, kind));
}

/** Whether it may be one of those: nobody learns from it who it is. */
export function isPseudonym(text: string): boolean {
  return /^(?:user|name|mail)-[0-9a-f]{16}$/.test(text);
}

function pseudonym(secret: string, text: string, kind: PersonalKind): string {
  const prefix = prefixes[kind];
  return `${prefix}-${keyedHash(secret, 'person', prefix, canonical(text.trim(), kind)).slice(0, 16)}`;
}

/** One form for one address. */
function canonical(text: string, kind: PersonalKind): string {
  if (kind === 'address') return canonicalAddress(text) ?? text;
  return kind === 'mail' ? text.toLowerCase() : text;
}

function kindOf(text: string, { kind, person }: FieldPlace): PersonalKind | undefined {
  if (kind !== undefined || !person) return kind;
  if (/^\s*[^\s@]{1,64}@[^\s@]{1,255}\s*$/.test(text)) return 'mail';
  return /\d/.test(text) && !/\s/.test(text.trim()) ? 'id' : 'name';
}

/** The names, ids and addresses in fields of their own, the longest first. */
function knownValues(fields: Fields): (readonly [text: string, kind: PersonalKind])[] {
  const found = new Map<string, PersonalKind>();
  const visit = (value: unknown, place: FieldPlace): void => {
    if (typeof value === 'string') {
      const kind = kindOf(value, place);
      const text = value.trim();
      if (kind === undefined || text.length < minKnownLength[kind] || (kind === 'id' && isNobody(text))) return;
      if (found.size < maxKnown && !found.has(text)) found.set(text, kind);
    } else if (Array.isArray(value)) for (const item of value) visit(item, place);
    else if (typeof value === 'object' && value !== null && !(value instanceof ExactNumber)) {
      for (const [name, inner] of Object.entries(value)) visit(inner, placeOf(name, place));
    }
  };
  for (const [name, value] of Object.entries(fields)) if (!untouched.has(name)) visit(value, placeOf(name));
  return [...found].sort(([one], [other]) => other.length - one.length);
}

/** What the user agent says of system, browser and kind of device, in the fields that say it where no agent is. */
function agentFacts(fields: Fields, devices: DeviceReader): Record<string, string> {
  const { user_agent: agent } = fields;
  if (typeof agent !== 'string') return {};
  const device = devices.read({ user_agent: agent });
  const facts: Record<string, string> = {};
  for (const [fact, name] of derived) {
    const value = device[fact];
    if (value !== undefined && !isStated(fact, fields)) facts[name] = value;
  }
  return facts;
}

function among(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

function inDoubles(value: unknown): unknown {
  if (value instanceof ExactNumber) return Number(value.digits);
  if (Array.isArray(value)) return value.map(inDoubles);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inDoubles(inner)]));
}
