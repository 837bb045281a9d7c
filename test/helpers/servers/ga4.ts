import { isIP } from 'node:net';
import { type Asked, type Reply, StandIn } from './stand-in.js';

export interface Hit {
  readonly clientId: string;
  readonly userId: string | undefined;
  readonly request: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly timestampMicros: number;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ValidationMessage {
  readonly fieldPath: string;
  readonly description: string;
  readonly validationCode: string;
}

/**
 * The Measurement Protocol as it is documented: `/mp/collect` takes anything and says 204, so every hit is kept,
 * repeated ones too, and what breaks a documented rule is noted in `violations`. `/debug/mp/collect` says what is wrong
 * and keeps nothing.
 */
export class Ga4Server extends StandIn {
  readonly hits: Hit[] = [];
  /** What a careful server would have refused. */
  readonly violations: ValidationMessage[] = [];

  constructor() {
    super(asked => this.#answer(asked));
  }

  eventIds(): unknown[] {
    return this.hits.map(hit => hit.params.event_id);
  }

  #answer({ method, url, body }: Asked): Reply {
    if (url.pathname !== '/mp/collect' && url.pathname !== '/debug/mp/collect') return { status: 404, body: '' };
    if (method !== 'POST') return { status: 405, body: '' };
    const messages = validationMessages(body, Date.now());
    if (url.pathname === '/debug/mp/collect') {
      return { status: 200, body: JSON.stringify({ validationMessages: messages }) };
    }
    if (!url.searchParams.get('measurement_id') || !url.searchParams.get('api_secret')) {
      messages.push(message('', 'measurement_id and api_secret are required', 'VALUE_REQUIRED'));
    }
    this.violations.push(...messages);
    const request = JSON.parse(body);
    for (const event of request.events) {
      this.hits.push({
        clientId: request.client_id,
        userId: request.user_id,
        request,
        name: event.name,
        timestampMicros: event.timestamp_micros,
        params: event.params,
      });
    }
    return { status: 204, body: '' };
  }
}

const name = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const prefix = /^(_|firebase_|ga_|google_|gtag\.)/;
const reserved = new Set(
  `ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_clear_data app_exception app_install app_remove
  app_store_refund app_update app_upgrade dynamic_link_app_open dynamic_link_app_update dynamic_link_first_open error
  firebase_campaign firebase_in_app_message_action firebase_in_app_message_dismiss firebase_in_app_message_impression first_open
  first_visit notification_dismiss notification_foreground notification_open notification_receive notification_send os_update
  session_start user_engagement ad_impression in_app_purchase screen_view`.split(/\s+/),
);
const lengths: Record<string, number> = { page_title: 300, page_referrer: 420, page_location: 1000 };
const requestFields = [
  ...['client_id', 'user_id', 'user_agent', 'device', 'ip_override', 'user_location', 'user_properties', 'events'],
];
const reservedOfUsers = new Set([
  ...['first_open_time', 'first_visit_time', 'last_deep_link_referrer', 'user_id', 'first_open_after_install'],
]);
const deviceFields =
  /^(category|language|screen_resolution|operating_system|operating_system_version|model|brand|browser|browser_version)$/;

/** Every documented rule that a request breaks; written apart from the sink's own limits, on purpose. */
export function validationMessages(body: string, now: number): ValidationMessage[] {
  const messages: ValidationMessage[] = [];
  const reject = (path: string, description: string, code: string): void => {
    messages.push(message(path, description, code));
  };
  if (Buffer.byteLength(body) >= 130_000) reject('', 'the body has 130 kB or more', 'EXCEEDED_MAX_ENTITIES');
  const request = JSON.parse(body);
  for (const field of Object.keys(request))
    if (!requestFields.includes(field)) reject(field, 'unknown', 'NAME_INVALID');
  const numbers = /^(\d+)\.(\d+)$/.exec(request.client_id)?.slice(1).map(Number);
  if (numbers === undefined || numbers.some(number => number <= 0)) {
    reject('client_id', 'two positive numbers joined by a period', 'VALUE_INVALID');
  }
  const { user_id, user_agent, device, ip_override, user_location, user_properties, events } = request;
  if (user_id !== undefined && (typeof user_id !== 'string' || user_id === '' || user_id.length > 256)) {
    reject('user_id', '1 to 256 characters', 'VALUE_INVALID');
  }
  if (/@/.test(user_id ?? '')) reject('user_id', 'personal data', 'VALUE_INVALID');
  if (user_agent !== undefined && typeof user_agent !== 'string') reject('user_agent', 'a string', 'VALUE_INVALID');
  for (const [field, value] of Object.entries(device ?? {})) {
    if (!deviceFields.test(field) || typeof value !== 'string' || value === '')
      reject(`device.${field}`, 'wrong', 'VALUE_INVALID');
  }
  if (ip_override !== undefined && isIP(ip_override) === 0) reject('ip_override', 'an IP address', 'VALUE_INVALID');
  if (user_location !== undefined && !/^[A-Z]{2}$/.test(user_location.country_id)) {
    reject('user_location.country_id', 'ISO 3166-1', 'VALUE_INVALID');
  }
  for (const [field, value] of Object.entries(user_location ?? {})) {
    const shape = { city: /^.{1,100}$/s, region_id: /^[A-Z]{2}-[A-Z0-9]{1,3}$/, country_id: /^[A-Z]{2}$/ }[field];
    if (!shape?.test(String(value))) reject(`user_location.${field}`, 'wrong', 'VALUE_INVALID');
  }
  messages.push(...userMessages(user_properties ?? {}));
  if (!Array.isArray(events) || events.length === 0 || events.length > 25) {
    reject('events', '1 to 25 events', 'EXCEEDED_MAX_ENTITIES');
    return messages;
  }
  for (const [index, event] of events.entries()) {
    const at = `events[${index}]`;
    for (const field of Object.keys(event)) {
      if (!['name', 'params', 'timestamp_micros'].includes(field)) reject(`${at}.${field}`, 'unknown', 'NAME_INVALID');
    }
    if (!name.test(event.name)) reject(`${at}.name`, event.name, 'NAME_INVALID');
    if (prefix.test(event.name) || reserved.has(event.name)) reject(`${at}.name`, event.name, 'NAME_RESERVED');
    const age = now - event.timestamp_micros / 1000;
    if (!Number.isSafeInteger(event.timestamp_micros) || age > 72 * 3_600_000 + 60_000 || age < -1_000) {
      reject(`${at}.timestamp_micros`, String(event.timestamp_micros), 'VALUE_OUT_OF_BOUNDS');
    }
    const params = Object.entries(event.params);
    if (params.length > 25) reject(`${at}.params`, `${params.length}`, 'EXCEEDED_MAX_ENTITIES');
    for (const [key, value] of params) {
      if (!name.test(key)) reject(`${at}.params.${key}`, key, 'NAME_INVALID');
      if (prefix.test(key) || key === 'firebase_conversion') reject(`${at}.params.${key}`, key, 'NAME_RESERVED');
      const fine = typeof value === 'string' ? value !== '' : typeof value === 'number';
      if (!fine) reject(`${at}.params.${key}`, `${typeof value}`, 'VALUE_INVALID');
      if (String(value).length > (lengths[key] ?? 100))
        reject(`${at}.params.${key}`, 'too long', 'VALUE_OUT_OF_BOUNDS');
    }
    const { session_id, engagement_time_msec } = event.params;
    if (!/^[1-9]\d*$/.test(String(session_id)))
      reject(`${at}.params.session_id`, 'a positive number', 'VALUE_REQUIRED');
    if (!(engagement_time_msec > 0)) reject(`${at}.params.engagement_time_msec`, 'a positive number', 'VALUE_REQUIRED');
  }
  return messages;
}

function userMessages(properties: Readonly<Record<string, { readonly value: unknown }>>): ValidationMessage[] {
  const entries = Object.entries(properties);
  const wrong = entries.flatMap(([key, { value, ...rest }]) => {
    const at = `user_properties.${key}`;
    const isNamed =
      name.test(key) && key.length <= 24 && !reservedOfUsers.has(key) && !/^(_|firebase_|ga_|google_)/.test(key);
    const isValue = ['string', 'number'].includes(typeof value) && value !== '' && String(value).length <= 36;
    return [
      ...(isNamed ? [] : [message(at, 'a name', 'NAME_INVALID')]),
      ...(isValue && Object.keys(rest).length === 0 ? [] : [message(at, 'a value', 'VALUE_INVALID')]),
    ];
  });
  return entries.length <= 25 ? wrong : [...wrong, message('user_properties', 'too many', 'EXCEEDED_MAX_ENTITIES')];
}

function message(fieldPath: string, description: string, validationCode: string): ValidationMessage {
  return { fieldPath, description, validationCode };
}
