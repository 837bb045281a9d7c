import { isIP } from 'node:net';
import { type Asked, type Reply, StandIn } from './stand-in.js';

export type Accepted = Readonly<Record<string, unknown>>;

/**
 * Amplitude's HTTP V2 API as it is documented, strictly: whatever the documentation forbids is refused, with the
 * answers that it prints, and of several bad events only the first of each field is named. Nothing of a refused request
 * is kept.
 */
export class AmplitudeServer extends StandIn {
  readonly apiKeys = new Set(['key-of-the-project']);
  /** What was ingested, each insert_id once a device. */
  readonly accepted: Accepted[] = [];
  /** How often an event came again. */
  duplicates = 0;
  /** The field for which the server refuses an event, beside what the documentation says. */
  refuses: (event: Accepted) => string | undefined = () => undefined;
  /** A value that a firewall in front of the API stops. */
  forbids: (event: Accepted) => boolean = () => false;
  readonly throttledUsers = new Set<string>();
  readonly silencedDevices = new Set<string>();
  maxEvents = 2_000;
  readonly #seen = new Set<string>();
  /** For deletions. */
  secretKey = 'secret-key-of-the-project';

  constructor() {
    super(asked => this.#answer(asked));
  }

  get url(): string {
    return `${this.origin}/2/httpapi`;
  }

  /** https://amplitude.com/docs/apis/analytics/user-privacy; carried out at once. */
  #delete({ headers, body }: Asked): Reply {
    const [key = '', secret] = Buffer.from(headers.authorization?.slice('Basic '.length) ?? '', 'base64')
      .toString()
      .split(':');
    if (!this.apiKeys.has(key) || secret !== this.secretKey) return reply(401, { error: 'Unauthorized' });
    const { user_ids: users, requester } = JSON.parse(body) as { user_ids?: unknown; requester?: unknown };
    if (!Array.isArray(users) || users.length === 0 || users.length > 100) return refusal('Invalid user_ids');
    if (typeof requester !== 'string') return refusal('Invalid requester');
    const left = this.accepted.filter(({ user_id: user }) => !users.includes(user));
    this.accepted.splice(0, this.accepted.length, ...left);
    return reply(200, [{ day: '2026-03-20', status: 'staging', amplitude_ids: [] }]);
  }

  #answer(asked: Asked): Reply {
    const { method, url, body } = asked;
    if (method === 'POST' && url.pathname === '/api/2/deletions/users') return this.#delete(asked);
    if (method !== 'POST' || !['/2/httpapi', '/batch'].includes(url.pathname)) return refusal('Invalid request path');
    if (body === '') return refusal('Missing request body');
    if (Buffer.byteLength(body) >= 1_000_000) return reply(413, { code: 413, error: 'Payload too large' });
    let request: Record<string, unknown>;
    try {
      request = JSON.parse(body);
    } catch {
      return refusal('Invalid JSON request body');
    }
    const { api_key, events, options } = request;
    if (api_key === undefined) return refusal('Request missing required field', { missing_field: 'api_key' });
    if (typeof api_key !== 'string' || !this.apiKeys.has(api_key)) return refusal(`Invalid API key: ${api_key}`);
    if (!Array.isArray(events) || events.length === 0) {
      return refusal('Request missing required field', { missing_field: 'events' });
    }
    if (events.length >= this.maxEvents) return reply(413, { code: 413, error: 'Payload too large' });
    if (events.some(event => this.forbids(event))) return reply(403, { code: 403, error: 'Forbidden' });

    const minIdLength = (options as { min_id_length?: number } | undefined)?.min_id_length ?? 5;
    const missing: Record<string, number[]> = {};
    const invalid: Record<string, number[]> = {};
    const short: Record<string, number[]> = {};
    for (const [index, event] of events.entries()) {
      if (event.user_id === undefined && event.device_id === undefined) missing.device_id ??= [index];
      if (typeof event.event_type !== 'string' || event.event_type === '') missing.event_type ??= [index];
      for (const field of ['user_id', 'device_id']) {
        if (typeof event[field] === 'string' && event[field].length < minIdLength) short[field] ??= [index];
      }
      for (const field of invalidFields(event)) invalid[field] ??= [index];
      const refused = this.refuses(event);
      if (refused !== undefined) invalid[refused] ??= [index];
    }
    if ([missing, short, invalid].some(fields => Object.keys(fields).length > 0)) {
      return refusal(
        Object.keys(short).length > 0
          ? 'Invalid id length for user_id or device_id'
          : Object.keys(missing).length > 0
            ? 'Request missing required field'
            : 'Invalid field values on some events',
        {
          events_with_missing_fields: missing,
          events_with_invalid_fields: invalid,
          ...(Object.keys(short).length > 0 ? { events_with_invalid_id_lengths: short } : {}),
        },
      );
    }
    const positions = (of: (event: Accepted) => boolean): number[] =>
      events.flatMap((event: Accepted, index: number) => (of(event) ? [index] : []));
    const silenced = positions(event => this.silencedDevices.has(event.device_id as string));
    const throttled = positions(event => this.throttledUsers.has(event.user_id as string));
    if (silenced.length > 0) {
      return refusal('Events silenced for device_id', {
        eps_threshold: 1000,
        silenced_devices: [...this.silencedDevices],
        silenced_events: silenced,
        throttled_events: throttled,
      });
    }
    if (throttled.length > 0) {
      return reply(429, {
        code: 429,
        error: 'Too many requests for some devices and users',
        eps_threshold: 30,
        throttled_devices: {},
        throttled_users: Object.fromEntries([...this.throttledUsers].map(user => [user, 31])),
        throttled_events: throttled,
      });
    }
    for (const event of events) this.#ingest(event);
    return reply(200, {
      code: 200,
      events_ingested: events.length,
      payload_size_bytes: body.length,
      server_upload_time: Date.now(),
    });
  }

  #ingest(event: Accepted): void {
    const key = JSON.stringify([event.device_id, event.insert_id]);
    if (this.#seen.has(key)) {
      this.duplicates += 1;
      return;
    }
    this.#seen.add(key);
    this.accepted.push(event);
  }
}

function reply(status: number, body: object): Reply {
  return { status, body: JSON.stringify(body) };
}

function refusal(error: string, more: object = {}): Reply {
  return reply(400, { code: 400, error, ...more });
}

const strings = [
  ...['user_id', 'device_id', 'event_type', 'app_version', 'platform', 'os_name', 'os_version', 'device_brand'],
  ...[
    'device_manufacturer',
    'device_model',
    'carrier',
    'country',
    'region',
    'city',
    'dma',
    'language',
    'ip',
    'insert_id',
  ],
];
const others = [
  'time',
  'session_id',
  'event_id',
  'event_properties',
  'user_properties',
  'groups',
  'library',
  'user_agent',
];
const forbiddenIds =
  /^(anonymous|nil|none|null|n\/a|na|undefined|unknown||0+|-1|lmy47d|\{\}|00000000-0000-0000-0000-000000000000)$/i;
const reservedTypes = /^(\[Amplitude\] .*|\$identify|\$groupidentify|revenue_amount)$/;

function* invalidFields(event: Record<string, unknown>): Generator<string> {
  for (const [field, value] of Object.entries(event)) {
    const known = strings.includes(field) ? typeof value === 'string' : others.includes(field);
    if (!known) yield field;
  }
  if (event.insert_id === undefined || event.insert_id === '') yield 'insert_id';
  if (!Number.isSafeInteger(event.time) || (event.time as number) < 0) yield 'time';
  if (event.session_id !== undefined && !Number.isSafeInteger(event.session_id)) yield 'session_id';
  if (typeof event.event_type === 'string' && reservedTypes.test(event.event_type)) yield 'event_type';
  for (const field of ['user_id', 'device_id']) {
    if (typeof event[field] === 'string' && forbiddenIds.test(event[field])) yield field;
  }
  if (event.ip !== undefined && event.ip !== '$remote' && isIP(String(event.ip)) === 0) yield 'ip';
  for (const field of ['event_properties', 'user_properties']) {
    const value = event[field];
    if (value === undefined) continue;
    if (typeof value !== 'object' || value === null || Array.isArray(value) || depth(value) > 40) yield field;
  }
  if (longest(event) > 1024) yield 'event_properties';
}

function depth(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
}

function longest(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Math.max(0, ...Object.entries(value).map(([name, inner]) => Math.max(name.length, longest(inner))));
}
