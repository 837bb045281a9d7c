import { measure } from '../../events/catalogue.js';
import type { Event } from '../../events/event.js';
import { type Device, type DeviceReader, factFields } from '../../people/devices.js';
import { cut, digest, identify, type Person, type Scalar, scalars } from '../people.js';
import { isOfUser, userProperties } from '../user-properties.js';
import { clientId, isClientId } from './client-id.js';
import { limits, valueLengths } from './limits.js';
import { eventName, parameterName, suffixed } from './names.js';
import { placeFor } from './place.js';
import { type Ga4UserProperties, userPropertiesOf } from './user-properties.js';

/** Everything of a request but its events: only events with the same one travel together. */
export interface RequestContext {
  readonly client_id: string;
  readonly user_id?: string;
  readonly user_agent?: string;
  readonly device?: Readonly<Record<string, string>>;
  readonly ip_override?: string;
  readonly user_location?: Readonly<Record<string, string>>;
  readonly user_properties?: Ga4UserProperties;
}

export interface Ga4Event {
  readonly name: string;
  readonly timestamp_micros: number;
  readonly params: Readonly<Record<string, string | number>>;
}

export interface Compiled {
  readonly context: RequestContext;
  readonly event: Ga4Event;
  readonly shortened: readonly Shortening[];
}

/** What Google Analytics could not take whole. */
export interface Shortening {
  readonly what: 'event name' | 'parameter name' | 'parameter value' | 'parameter left out' | 'future time';
  readonly field: string;
}

export interface CompileOptions {
  readonly devices: DeviceReader;
  /** GOOGLE_CLIENT_ID: for events without a user or visitor of their own. */
  readonly clientId: string | undefined;
  /** Wall clock, epoch ms. */
  readonly now: number;
}

/** How far another clock may be ahead of ours: the event is then dated now, since the protocol only knows the past. */
const clockSkewMs = 600_000;
const sessionMs = 1_800_000;
const maxFactLength = 100;
const maxUserAgentLength = 512;

/** First in line for the 25 parameters; the rest follow as they stand in the event. */
const first = [
  ...[
    'url',
    'page_location',
    'referrer',
    'page_referrer',
    'page_title',
    'category',
    'type',
    'resource_id',
    'resource_name',
  ],
  ...['dataset_id', 'dataset_name', 'space_id', 'author_id', 'extractor_name', 'service_name', 'size', 'bytes'],
];
const renamed: ReadonlyMap<string, string> = new Map([
  ['url', 'page_location'],
  ['referrer', 'page_referrer'],
]);

/** Sent outside the parameters, so not sent again as such; places are, when Google takes them as such. */
const promoted: ReadonlySet<string> = new Set([
  ...[...factFields].filter(field => !['country', 'region', 'city'].includes(field)),
  ...['created', 'user_id', 'device_id', 'visitor_id', 'visitor', 'client_id', 'session_id', 'session'],
]);

/** Google Analytics would date it wrongly. */
export function isTooOld(created: number, now: number): boolean {
  return now - created > limits.backdateMs;
}

/** Why Google Analytics cannot take the event yet, or undefined. */
export function untimely(created: number, now: number): string | undefined {
  if (created - now > clockSkewMs) {
    return `created ${new Date(created).toISOString()}, which is in the future: Google Analytics takes only what has happened`;
  }
  return undefined;
}

/**
 * One event as Google Analytics takes it, within every documented limit whatever the event holds. Field by field:
 * docs/mapping-analytics.md. Deterministic but for a future time.
 */
export function compile(event: Event, options: CompileOptions): Compiled {
  const { devices, now } = options;
  const person = identify(event);
  const shortened: Shortening[] = [];
  const { name, shortened: cutName } = eventName(event.category, event.type);
  if (cutName) shortened.push({ what: 'event name', field: event.category });
  if (event.created > now) shortened.push({ what: 'future time', field: 'created' });
  const ofUser = person.shared ? undefined : userProperties(event);
  const properties = ofUser === undefined ? undefined : userPropertiesOf(ofUser);
  const place = placeFor(event.fields);
  const isElsewhere = (field: string): boolean =>
    promoted.has(field) ||
    place.fields.includes(field) ||
    (properties !== undefined && isOfUser(field, event.fields[field]));
  return {
    context: {
      ...contextOf(event, person, devices.read(event.fields), options.clientId),
      ...place.context,
      ...(properties === undefined ? {} : { user_properties: properties }),
    },
    event: {
      name,
      timestamp_micros: Math.min(event.created, now) * 1000,
      params: parameters(event, isElsewhere, shortened),
    },
    shortened,
  };
}

function parameters(
  event: Event,
  isElsewhere: (field: string) => boolean,
  shortened: Shortening[],
): Record<string, string | number> {
  const engaged = engagementOf(event);
  const params = new Map<string, string | number>([
    ['event_id', cut(event.id, limits.valueLength)],
    ['session_id', sessionOf(event)],
    // Activity shows in Realtime only with an engagement time: where the event knows of none, it is the least there is.
    ['engagement_time_msec', engaged ?? 1],
    ...Object.entries(measure(event)),
  ]);
  for (const [field, value] of ordered(event)) {
    if (isElsewhere(field) || (engaged !== undefined && field === 'engagement_time_msec')) continue;
    if (params.size === limits.parametersPerEvent) {
      shortened.push({ what: 'parameter left out', field });
      continue;
    }
    const { name, shortened: cutName } = parameterName(renamed.get(field) ?? field);
    const unique = params.has(name) ? suffixed(name, field) : name;
    if (params.has(unique)) {
      shortened.push({ what: 'parameter left out', field });
      continue;
    }
    const whole = typeof value === 'boolean' ? String(value) : value;
    const kept = typeof whole === 'string' ? cut(whole, valueLengths.get(unique) ?? limits.valueLength) : whole;
    if (cutName) shortened.push({ what: 'parameter name', field });
    if (kept !== whole) shortened.push({ what: 'parameter value', field });
    params.set(unique, kept);
  }
  return Object.fromEntries(params);
}

function ordered(event: Event): [string, Scalar][] {
  const rest = new Map<string, Scalar>();
  for (const [field, value] of scalars(event.exact ?? event.fields)) {
    if (!(field === 'id' && value === event.id)) rest.set(field, value);
  }
  const head = first.flatMap((field): [string, Scalar][] => {
    const value = rest.get(field);
    rest.delete(field);
    return value === undefined ? [] : [[field, value]];
  });
  return [...head, ...rest];
}

function contextOf(event: Event, person: Person, device: Device, fallback: string | undefined): RequestContext {
  const facts = device.stated ? deviceFacts(device) : {};
  const own = event.fields.client_id;
  return {
    client_id:
      typeof own === 'string' && isClientId(own)
        ? own
        : person.shared && fallback !== undefined
          ? fallback
          : clientId(person.visitor),
    ...(person.user === undefined ? {} : { user_id: cut(person.user, limits.userIdLength) }),
    // Google ignores the user agent beside a device.
    ...(Object.keys(facts).length > 0
      ? { device: facts }
      : device.userAgent === undefined
        ? {}
        : { user_agent: cut(device.userAgent, maxUserAgentLength) }),
  };
}

function deviceFacts(device: Device): Record<string, string> {
  const facts = {
    category: device.category,
    language: device.language,
    screen_resolution: device.screen,
    operating_system: device.system,
    operating_system_version: device.systemVersion,
    model: device.model,
    brand: device.brand,
    browser: device.browser,
    browser_version: device.browserVersion,
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, cut(value, maxFactLength)]])),
  );
}

/** How long a page was in front of somebody, ms, when the event says so. */
function engagementOf({ fields }: Event): number | undefined {
  const own = fields.engagement_time_msec;
  return Number.isSafeInteger(own) && (own as number) > 0 ? (own as number) : undefined;
}

/**
 * The event's own session, as a number; otherwise the half hour that it falls in (its
 * start, epoch seconds), per client.
 */
function sessionOf({ fields, created }: Event): number {
  const own = fields.session_id;
  if (Number.isSafeInteger(own) && (own as number) > 0) return own as number;
  if (typeof own === 'string' && /^[1-9]\d{0,14}$/.test(own)) return Number(own);
  if (typeof own === 'string' && own !== '') return (Number.parseInt(digest(own, 8), 16) >>> 1) + 1;
  return Math.max(1, (Math.floor(created / sessionMs) * sessionMs) / 1000);
}
