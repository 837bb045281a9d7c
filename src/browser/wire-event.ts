import { isTooDeep } from '../events/accept.js';
import { catalogue } from '../events/catalogue.js';
import { maxFields } from '../events/event.js';
import { fieldKinds } from '../events/field-kinds.js';
import { ascendingId, hashOf } from '../events/identity.js';
import { memberTexts } from '../events/json-text.js';
import type { Message } from '../events/message.js';
import { parseTimestamp } from '../events/timestamp.js';
import { maskUrlSecrets } from '../nginx/traffic/secrets.js';
import { resourceOf } from './resource.js';
import type { SentEvent } from './upload.js';

/** What is wrong with one event, in the terms of Amplitude's HTTP API. */
export interface EventFault {
  readonly field: string;
  readonly kind: 'missing' | 'invalid';
  readonly reason: string;
}

/** Fields of Amplitude's that have another name here. */
const renamed: Readonly<Record<string, string>> = { uuid: 'insert_id', version_name: 'app_version' };
/** Read apart, or not wanted: an address is never kept, and the SDKs send `$remote` for it. */
const apart: ReadonlySet<string> = new Set(['event_type', 'time', 'timestamp', 'event_properties', 'ip']);
/** What the daemon says of an event, or its sinks take for a fact: no property may pass for it. */
const reserved: ReadonlySet<string> = new Set([
  ...['id', 'category', 'created', 'source', 'insert_id', 'user_agent', 'agent_kind', 'visitor', 'ip', 'country'],
]);
/**
 * What this daemon alone says: of services, extractions, itself, the log as a whole. A page has no say in these.
 */
const daemonTypes: ReadonlySet<string> = new Set([
  'connections',
  ...catalogue
    .filter(({ emitter }) =>
      ['health', 'heartbeat', 'extraction', 'audit', 'problem', 'notification', 'usage'].includes(emitter),
    )
    .map(({ category }) => category),
]);
/** What the snippet sends by itself. */
const ownTypes: ReadonlySet<string> = new Set(['browser_page_view', 'browser_download']);
/** Amplitude writes a number of ms, and -1 for none. */
const noSession = '-1';

/**
 * An event of Amplitude's wire as one of ours: its type is the category, its properties are fields, and its time, ids,
 * platform and language go by our names. A property whose name is taken is kept as `property_` and its name. Nothing is
 * checked but what makes an event: a field that is not of its kind is kept as it came.
 *
 * The id is a hash of device and insert_id, so what an SDK sends again is the same event. Its time is the client's; an
 * event without one has the time of its first arrival.
 */
export function readEvent(
  { value, text }: SentEvent,
  facts: ReadonlyMap<string, string>,
  now: number,
): Message | EventFault {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { field: 'event_type', kind: 'missing', reason: 'an event must be a JSON object' };
  const event = value as Readonly<Record<string, unknown>>;
  const { event_type: type } = event;
  if (type === undefined || type === null || type === '')
    return { field: 'event_type', kind: 'missing', reason: 'event_type is missing' };
  if (!fieldKinds.category.accepts(type)) return invalid('event_type', fieldKinds.category.expected);
  if (daemonTypes.has(type as string))
    return invalid('event_type', `something other than ${type}, which only the daemon itself reports`);
  const time = event.time ?? event.timestamp ?? undefined;
  const created = time === undefined ? now : parseTimestamp(time);
  if (created === undefined) return invalid('time', fieldKinds.timestamp.expected);
  if (isTooDeep(value)) return invalid('event_properties', 'nested less deeply');
  const fields = fieldsOf(event, text);
  if (ownTypes.has(type as string)) {
    const { url } = (event.event_properties ?? {}) as Readonly<Record<string, unknown>>;
    for (const [name, fact] of resourceOf(url)) if (!fields.has(name)) fields.set(name, JSON.stringify(fact));
  }
  for (const [name, fact] of facts) if ((fields.get(name) ?? '""') === '""') fields.set(name, JSON.stringify(fact));
  if (fields.size >= maxFields) return invalid('event_properties', `at most ${maxFields} fields`);
  fields.set('created', String(created));
  const body = `{${[...fields].map(([name, member]) => `${JSON.stringify(name)}:${member}`).join(',')}}`;
  const insertId = event.insert_id ?? event.uuid ?? undefined;
  if (insertId === undefined || insertId === '')
    return { id: ascendingId(now), body, source: 'browser', received: now };
  const id = idOf(event.device_id ?? '', insertId);
  const message: Message = { id, body, source: 'browser', received: now };
  // The id stands for the text, too: that of a later arrival differs in what the server adds.
  return time === undefined ? { ...message, given: { hash: id, stamped: now } } : message;
}

/**
 * A hash of a form that no other id is made from, neither a CloudEvent's nor that of an item under an Idempotency-Key:
 * anybody can send as a page, and may take no other event's place.
 */
function idOf(device: unknown, insertId: unknown): string {
  const text = (id: unknown): unknown => (typeof id === 'number' ? String(id) : id);
  return hashOf(JSON.stringify(['page', text(device), text(insertId)]));
}

function fieldsOf(event: Readonly<Record<string, unknown>>, text: string): Map<string, string> {
  const fields = new Map([['category', JSON.stringify(event.event_type)]]);
  const members = memberTexts(text);
  for (const [name, member] of members) {
    if (apart.has(name) || isEmpty(event[name])) continue;
    if (name === 'session_id' && member === noSession) continue;
    const own = Object.hasOwn(renamed, name) ? (renamed[name] as string) : name;
    if (own === name && reserved.has(name) && !accepted.has(name)) setApart(fields, name, member);
    else fields.set(own, memberOf(name, event[name], member));
  }
  const properties = event.event_properties;
  if (typeof properties === 'object' && properties !== null && !Array.isArray(properties)) {
    for (const [name, member] of memberTexts(members.get('event_properties') ?? '{}')) {
      const masked = withoutSecrets((properties as Readonly<Record<string, unknown>>)[name], member);
      if (fields.has(name) || reserved.has(name)) setApart(fields, name, masked);
      else fields.set(name, masked);
    }
  } else if (!isEmpty(properties)) fields.set('event_properties', members.get('event_properties') ?? 'null');
  return fields;
}

/** Reserved names that the wire itself has. */
const accepted: ReadonlySet<string> = new Set(['insert_id', 'user_agent', 'country']);
const idFields: ReadonlySet<string> = new Set(['session_id', 'user_id', 'device_id', 'insert_id', 'uuid']);

function memberOf(name: string, value: unknown, text: string): string {
  // Ids are text here, whatever they are there.
  if (idFields.has(name) && typeof value === 'number') return `"${text}"`;
  if (typeof value !== 'object' || Array.isArray(value)) return text;
  if (operations.has(name)) return withoutDollars(text);
  if (name !== 'library') return text;
  const { name: library, version } = value as Readonly<Record<string, unknown>>;
  return typeof library === 'string' && typeof version === 'string' ? JSON.stringify(`${library}/${version}`) : text;
}

/** What `$identify` does to the properties of a user: `$set`, `$add` …, names that not every database takes. */
const operations: ReadonlySet<string> = new Set(['user_properties', 'group_properties']);

function withoutDollars(object: string): string {
  const members = memberTexts(object);
  const plain = [...members].map(([name, text]) => {
    const bare = name.startsWith('$') && !members.has(name.slice(1)) ? name.slice(1) : name;
    return `${JSON.stringify(bare)}:${text}`;
  });
  return `{${plain.join(',')}}`;
}

function setApart(fields: Map<string, string>, name: string, text: string): void {
  let free = `property_${name}`;
  while (fields.has(free)) free = `property_${free}`;
  fields.set(free, text);
}

/** Addresses of pages are properties of many an event, and may carry a key. */
function withoutSecrets(value: unknown, text: string): string {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value)) return text;
  const masked = maskUrlSecrets(value);
  return masked === value ? text : JSON.stringify(masked);
}

/** SDKs send what they have no value for, too. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function invalid(field: string, expected: string): EventFault {
  return { field, kind: 'invalid', reason: `${field} must be ${expected}` };
}
