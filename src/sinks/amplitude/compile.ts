import type { Types } from '@amplitude/analytics-node';
import { measure } from '../../events/catalogue.js';
import type { Event } from '../../events/event.js';
import { type DeviceReader, factFields, placeOf } from '../../people/devices.js';
import { title } from '../event-title.js';
import { cut, identify, type Person, type Scalar, scalars } from '../people.js';
import type { Noting } from '../rendering.js';
import { isOfUser, type UserProperties, userProperties } from '../user-properties.js';

/** What one event is at Amplitude: the SDK's event, with everything set that the SDK would otherwise make up. */
export type AmplitudeEvent = Types.BaseEvent & {
  readonly insert_id: string;
  readonly device_id: string;
  readonly time: number;
};

export interface CompileOptions {
  readonly devices: DeviceReader;
  readonly noting?: Noting;
}

/** Amplitude cuts or refuses longer strings (HTTP V2 API, "String character limit"). */
const maxStringLength = 1024;
/** Properties of one event. Amplitude documents no limit; its SDKs stop at 1,000 keys. */
const maxProperties = 1000;

/** Sent in fields of Amplitude's own, so not sent again as properties. */
const promoted: ReadonlySet<string> = new Set([
  ...factFields,
  ...['created', 'user_id', 'device_id', 'visitor_id', 'visitor', 'client_id', 'session', 'app_version'],
]);

/**
 * Field by field: docs/mapping-analytics.md. Never fails: whatever is a JSON object is an event, and what
 * Amplitude has no place for is shortened.
 */
export function compile(event: Event, { devices, noting }: CompileOptions): AmplitudeEvent {
  const { fields } = event;
  const person = identify(event);
  const device = devices.read(fields);
  const place = placeOf(fields);
  const ofUser = propertiesOfUser(event, person);
  return {
    event_type: cut(title(event.category, event.type), maxStringLength),
    time: event.created,
    insert_id: event.id,
    ...(person.user === undefined ? {} : { user_id: person.user }),
    device_id: person.visitor,
    ...sessionOf(fields.session_id),
    ...present({
      app_version: text(fields.app_version),
      platform: device.platform,
      os_name: device.system,
      os_version: device.systemVersion,
      device_manufacturer: device.brand,
      device_model: device.model,
      language: device.language,
      ip: place.ip,
      country: place.country,
      region: place.region,
      city: place.city,
    }),
    event_properties: {
      ...properties(event, ofUser !== undefined, noting),
      ...present({ browser: device.browser, browser_version: device.browserVersion, device_category: device.category }),
      ...measure(event),
    },
    ...(ofUser === undefined ? {} : { user_properties: ofUser }),
  };
}

/** In operations, as Amplitude's SDKs send them. Strangers who share a pseudonym have no properties. */
function propertiesOfUser(event: Event, person: Person): UserProperties | undefined {
  if (person.shared) return undefined;
  const stated = userProperties(event);
  const name = person.user === undefined ? undefined : text(event.fields.user_name);
  if (name === undefined && stated === undefined) return undefined;
  const all = { ...stated, ...(name === undefined ? {} : { $set: { name, ...stated?.$set } }) };
  return Object.fromEntries(Object.entries(all).map(([operation, values]) => [operation, shortened(values)]));
}

function shortened(values: Readonly<Record<string, Scalar>>): Record<string, Scalar> {
  const entries = Object.entries(values).slice(0, maxProperties);
  return Object.fromEntries(entries.map(([name, value]) => [cut(name, maxStringLength), cutScalar(value)]));
}

function cutScalar(value: Scalar): Scalar {
  return typeof value === 'string' ? cut(value, maxStringLength) : value;
}

function properties(event: Event, withoutUser: boolean, noting?: Noting): Record<string, Scalar> {
  const all: [string, Scalar][] = [];
  for (const [name, value] of scalars(event.exact ?? event.fields)) {
    if (promoted.has(name) || (name === 'id' && value === event.id)) continue;
    if (withoutUser && isOfUser(name, event.fields[name])) continue;
    if (all.length === maxProperties) {
      noting?.(`left out, and what follows: at most ${maxProperties} properties`, name);
      break;
    }
    const property: [string, Scalar] = [cut(name, maxStringLength), cutScalar(value)];
    if (property[0] !== name) noting?.(`its name is cut to ${maxStringLength} characters`, name);
    if (property[1] !== value) noting?.(`cut to ${maxStringLength} characters`, name);
    all.push(property);
  }
  return Object.fromEntries(all);
}

/** Amplitude's session_id is the session's start in epoch ms: any other id stays a property. */
function sessionOf(value: unknown): { session_id?: number } {
  const start = typeof value === 'string' && /^\d{12,14}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(start) && (start as number) > 0 ? { session_id: start as number } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? cut(value, maxStringLength) : undefined;
}

/** Only what is known, cut to length. */
function present<Name extends string>(values: Record<Name, string | undefined>): Partial<Record<Name, string>> {
  const known: Partial<Record<Name, string>> = {};
  for (const name of Object.keys(values) as Name[]) {
    const value = values[name];
    if (value !== undefined) known[name] = cut(value, maxStringLength);
  }
  return known;
}
