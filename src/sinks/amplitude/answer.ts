import { SetupError, TransientError } from '../../errors.js';
import { hideSecrets, redact } from '../../redact.js';
import { retryAfterMs } from '../../retry-after.js';
import { type FaultContext, type HttpResponse, httpFault, summary } from '../http/faults.js';

/**
 * What an answer says of the events of one request. Positions count within that request.
 * Nothing is ingested unless `accepted`.
 */
export type Answer =
  | { readonly kind: 'accepted' }
  /** Some events are bad or must wait; the rest can be sent again at once. */
  | {
      readonly kind: 'named';
      readonly rejected: ReadonlyMap<number, string>;
      readonly throttled: Throttled | undefined;
    }
  /**
   * Something among them is bad, and the server does not say which. `forbidden`: or it accepts nothing from us at all.
   */
  | { readonly kind: 'refused'; readonly reason: string; readonly forbidden: boolean };

export interface Throttled {
  readonly positions: ReadonlySet<number>;
  readonly users: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
  readonly waitMs: number;
}

/** "Pause sending events for that user or device for a period of 30 seconds" (HTTP V2 API, 429). */
const throttleMs = 30_000;
/** A daily quota does not end in seconds; it rolls, so it is looked at again and again. */
const quotaMs = 600_000;
const minMs = 1_000;

/**
 * What one answer means is decided by its HTTP status; the body (HTTP V2 and Batch API) only names the events.
 * @throws TransientError when the same request may succeed later: every event carries its insert_id, so repeating is
 * harmless
 * @throws SetupError when the key or the address is wrong
 */
export function interpret(response: HttpResponse, context: FaultContext): Answer {
  const { status } = response;
  if (status >= 200 && status < 300) {
    if (!isWord(response.text)) {
      throw new TransientError(`${summary(response, context)}, which is not an answer of Amplitude`);
    }
    return { kind: 'accepted' };
  }
  if (status === 403 && !isOfProxy(response))
    return { kind: 'refused', reason: summary(response, context), forbidden: true };
  if (status === 413) return { kind: 'refused', reason: summary(response, context), forbidden: false };
  if (status === 429) return tooMany(response, context);
  if (status === 400) return invalid(response, context);
  throw (
    httpFault(response, context) ??
    new SetupError(`${summary(response, context)}: check that AMPLITUDE_SERVER_URL leads to Amplitude`)
  );
}

function invalid(response: HttpResponse, context: FaultContext): Answer {
  const body = parse(response.text);
  if (body === undefined) {
    throw new TransientError(`${summary(response, context)}, which is not an answer of Amplitude`);
  }
  const error = typeof body.error === 'string' ? errorText(body.error, context) : 'refused without a reason';
  if (/invalid api key/i.test(error) || body.missing_field === 'api_key') {
    throw new SetupError('Amplitude does not know the key: set AMPLITUDE_API_KEY to the API key of the project');
  }
  if (/invalid request path/i.test(error)) {
    throw new SetupError(`Amplitude answered 400 (${error}): check AMPLITUDE_SERVER_URL, path included`);
  }
  const rejected = new Map<number, string>();
  const because = (text: string): string => `Amplitude answered 400: ${text}`;
  for (const [key, what] of [
    ['events_with_missing_fields', 'missing'],
    ['events_with_invalid_fields', 'invalid'],
    ['events_with_invalid_id_lengths', 'too short'],
  ] as const) {
    for (const [field, positions] of Object.entries(record(body[key]))) {
      for (const position of indexes(positions))
        rejected.set(position, because(`${error} (${what}: ${field.slice(0, maxWordsLength)})`));
    }
  }
  for (const position of indexes(body.silenced_events)) rejected.set(position, because(`${error} (silenced)`));
  const throttled = throttledOf(body, retryAfterMs(response.headers.get('retry-after'), context.now));
  if (rejected.size === 0 && throttled === undefined) {
    const missing =
      typeof body.missing_field === 'string' ? ` (missing: ${body.missing_field.slice(0, maxWordsLength)})` : '';
    return { kind: 'refused', reason: because(error + missing), forbidden: false };
  }
  return { kind: 'named', rejected, throttled };
}

/** Characters of what Amplitude says about an event: it stands with each that it is about. */
const maxWordsLength = 300;

function errorText(error: string, { secrets = [] }: FaultContext): string {
  return redact(hideSecrets(error, secrets).slice(0, 4_096)).slice(0, maxWordsLength);
}

function tooMany(response: HttpResponse, context: FaultContext): Answer {
  const wait = retryAfterMs(response.headers.get('retry-after'), context.now);
  const throttled = throttledOf(parse(response.text) ?? {}, wait);
  if (throttled !== undefined) return { kind: 'named', rejected: new Map(), throttled };
  throw new TransientError(summary(response, context), {
    retryAfterMs: wait ?? throttleMs,
  });
}

function throttledOf(body: Record<string, unknown>, wait: number | undefined): Throttled | undefined {
  const overQuota = [body.exceeded_daily_quota_users, body.exceeded_daily_quota_devices].map(ids);
  const users = new Set([...ids(body.throttled_users), ...(overQuota[0] ?? [])]);
  const devices = new Set([...ids(body.throttled_devices), ...(overQuota[1] ?? [])]);
  const positions = new Set(indexes(body.throttled_events));
  if (users.size + devices.size + positions.size === 0) return undefined;
  const quota = overQuota.some(list => list.length > 0);
  return { positions, users, devices, waitMs: Math.max(minMs, wait ?? (quota ? quotaMs : throttleMs)) };
}

/** An answer that is not in Amplitude's form, with a proxy between that can write answers of its own. */
function isOfProxy({ proxy, text }: HttpResponse): boolean {
  return proxy !== undefined && typeof parse(text)?.code !== 'number';
}

/**
 * JSON, nothing, or a word as the older API says it; not the page of some gateway, which knows nothing of the events.
 */
function isWord(text: string): boolean {
  if (/^(?:|ok|success)$/i.test(text.trim())) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** `{id: events per second}` or `[id]`. */
function ids(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter(id => typeof id === 'string');
  return Object.keys(record(value));
}

function indexes(value: unknown): number[] {
  return Array.isArray(value) ? value.filter(index => Number.isSafeInteger(index) && index >= 0) : [];
}
