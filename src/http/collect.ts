import { clientFacts } from '../browser/client.js';
import { readUpload, type SentEvent, type Upload, UploadError, type UploadForm } from '../browser/upload.js';
import { type EventFault, readEvent } from '../browser/wire-event.js';
import type { Message } from '../events/message.js';
import type { Key } from '../keys/keys.js';
import type { ApiContext } from './context.js';
import { ClientGone, HttpProblem, type ProblemKind, toProblem, unavailable } from './problem.js';
import { bodyForm, withText } from './request-body.js';

/**
 * How the events of a page arrive. `sdk`: whoever sends reads the answer, and sends again what it says. `beacon`: the
 * page is gone, or sends each event with an id of its own. `form`: amplitude-js 4 to 8, which read nothing but the
 * status and send for ever whatever is not answered 200.
 */
type Transport = 'sdk' | 'beacon' | 'form';

const transports: Readonly<Record<string, Transport>> = {
  'application/json': 'sdk',
  'text/plain': 'beacon',
  'application/x-www-form-urlencoded': 'form',
};
const forms: Readonly<Record<Transport, UploadForm>> = { sdk: 'json', beacon: 'json', form: 'form' };

/** An SDK drops what is answered with a text that begins so, instead of sending it again in vain. */
const badKey = 'Invalid API key';

export interface Collected {
  readonly transport: Transport;
  readonly events: number;
  readonly bytes: number;
}

/**
 * From the upload of a page to durable events. Its key stands in the body, which is read first, within the usual
 * bounds.
 * @throws HttpProblem whose answer is in the form that Amplitude's SDKs understand; ClientGone
 */
export async function collect(ctx: ApiContext): Promise<Collected> {
  const { maxEvents } = ctx.services.settings;
  let sent = 0;
  try {
    const transport = bodyForm(ctx, transports);
    return await withText(ctx, async text => {
      const upload = await open(ctx, text, forms[transport]);
      sent = Math.min(upload.count, maxEvents);
      const bytes = Buffer.byteLength(text);
      await admit(ctx, upload.key, bytes);
      const events = eventsOf(upload, maxEvents);
      await store(ctx, events, transport);
      return { transport, events: events.length, bytes };
    });
  } catch (error) {
    if (error instanceof ClientGone) throw error;
    const problem = toProblem(error);
    throw problem.kind === 'internal' ? error : inWireForm(problem, sent);
  }
}

/** What is no upload has no key either, and counts as an attempt without one. @throws HttpProblem 400, 429 */
async function open(ctx: ApiContext, text: string, form: UploadForm): Promise<Upload> {
  try {
    return readUpload(text, form);
  } catch (error) {
    if (error instanceof UploadError) await ctx.services.failedAttempts.count(ctx.network);
    throw inWords(error);
  }
}

/** @throws HttpProblem 400, 413 */
function eventsOf(upload: Upload, maxEvents: number): readonly SentEvent[] {
  if (upload.count > maxEvents) throw tooMany(maxEvents);
  let events: readonly SentEvent[];
  try {
    events = upload.events();
  } catch (error) {
    throw inWords(error);
  }
  if (events.length === 0)
    throw new HttpProblem('invalid-request', 'The list of events is empty.', { answer: missingField('events') });
  if (events.length > maxEvents) throw tooMany(maxEvents);
  return events;
}

function tooMany(maxEvents: number): HttpProblem {
  return new HttpProblem('too-large', `A request may contain at most ${maxEvents} events. Send several requests.`);
}

function inWords(error: unknown): unknown {
  if (!(error instanceof UploadError)) return error;
  const { missing, message } = error;
  return new HttpProblem('invalid-request', message, missing === undefined ? {} : { answer: missingField(missing) });
}

/** As `authenticate` does for a key in a header. @throws HttpProblem 401, 403, 429, 503 */
async function admit(ctx: ApiContext, presented: string | undefined, bytes: number): Promise<void> {
  const { closing, keys, keyLimits, pageLimits, failedAttempts, settings } = ctx.services;
  const key = presented === undefined ? undefined : keys.find(presented);
  if (key === undefined) {
    await failedAttempts.count(ctx.network);
    const expired = presented === undefined ? undefined : keys.findExpired(presented);
    refuse(ctx, expired === undefined ? 'unknown key' : 'expired key', expired);
    throw new HttpProblem('unauthenticated', unknownKey(presented, expired), {
      answer: presented === undefined ? missingField('api_key') : {},
    });
  }
  if (!key.scopes.includes('collect')) {
    refuse(ctx, 'missing scope', key);
    const has = key.scopes.join(', ') || 'none';
    throw new HttpProblem('forbidden', `${badKey} for pages: this needs the scope collect; ${key.name} has ${has}.`);
  }
  await pageLimits.count(key, ctx.network, bytes);
  const { origin } = ctx.req.headers;
  if (origin !== undefined && !key.origins?.includes(origin)) {
    const pages = key.origins?.join(', ') ?? 'none';
    throw new HttpProblem('forbidden', `${badKey} for pages of ${origin}: ${key.name} is for pages of ${pages} only.`);
  }
  const done = keyLimits.begin({ ...key, quota: key.quota ?? settings.rateLimit ?? settings.pageQuota });
  if (done !== undefined) ctx.services.connections.onEnd(ctx.res, done);
  if (closing()) throw unavailable('The daemon is shutting down.');
  keys.used(key);
  ctx.state.key = key;
}

function unknownKey(presented: string | undefined, expired: Key | undefined): string {
  if (presented === undefined) return `${badKey}: there is none. Send a collect key as api_key.`;
  if (expired === undefined) return `${badKey}: it is not known here.`;
  return `${badKey}: ${expired.name} has expired, at ${new Date(expired.expires ?? 0).toISOString()}.`;
}

function refuse(ctx: ApiContext, reason: 'unknown key' | 'expired key' | 'missing scope', key: Key | undefined): void {
  const { ip: address, method, path } = ctx;
  ctx.services.refusals.add({ address, reason, key: key?.name, method, path });
}

/**
 * Makes the events durable. Of an SDK that reads the answer, a bad event refuses the request: it leaves out what it is
 * shown and sends the others again. From anything else the good ones are taken, and the log says what was not.
 */
async function store(ctx: ApiContext, sent: readonly SentEvent[], transport: Transport): Promise<void> {
  const { backend, clock, metrics, clients, refusedEvents } = ctx.services;
  const now = clock.now();
  const { 'user-agent': agent, 'accept-language': languages } = ctx.req.headers;
  const facts = clientFacts({ address: ctx.ip, agent, languages }, clients, now);
  const messages = new Map<string, Message>();
  const faults: { readonly index: number; readonly fault: EventFault }[] = [];
  for (const [index, event] of sent.entries()) {
    const read = readEvent(event, facts, now);
    if ('kind' in read) faults.push({ index, fault: read });
    else if (!messages.has(read.id)) messages.set(read.id, read);
  }
  if (messages.size > 0 && (faults.length === 0 || transport !== 'sdk')) {
    await clients.visitors.save();
    const durability = await backend.publish([...messages.values()]);
    metrics.published(durability, messages.size);
  }
  const [first] = faults;
  if (first === undefined) return;
  const { name: key = '' } = ctx.state.key ?? {};
  if (transport !== 'sdk')
    refusedEvents.warn('a page sent events that are not valid', { key, first: first.fault.reason });
  if (transport === 'form') return;
  const detail = `${faults.length} of ${sent.length} events are not valid: ${first.fault.reason}.`;
  throw new HttpProblem('invalid-event', detail, {
    answer: { events_with_missing_fields: byField('missing'), events_with_invalid_fields: byField('invalid') },
  });

  function byField(kind: EventFault['kind']): Record<string, number[]> {
    const indexes: Record<string, number[]> = {};
    for (const { index, fault } of faults) {
      if (fault.kind !== kind) continue;
      indexes[fault.field] ??= [];
      indexes[fault.field]?.push(index);
    }
    return indexes;
  }
}

function missingField(field: string): Readonly<Record<string, string>> {
  return { missing_field: field };
}

/** What is waited for is named event by event: an SDK then waits half a minute before each of its few attempts. */
function inWireForm({ kind, message, headers, answer, status }: HttpProblem, events: number): HttpProblem {
  const waits = kind === ('too-many-requests' satisfies ProblemKind);
  return new HttpProblem(kind, message, {
    headers,
    answer: {
      code: status,
      error: message,
      ...(waits ? { throttled_events: Array.from({ length: events }, (_, index) => index) } : {}),
      ...answer,
    },
  });
}
