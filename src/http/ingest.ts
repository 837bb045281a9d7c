import type { Durability } from '../broker/broker.js';
import { acceptEvent } from '../events/accept.js';
import type { Message, Source } from '../events/message.js';
import type { ApiContext } from './context.js';
import { type FieldError, HttpProblem } from './problem.js';
import { type BodyForm, bodyForm, parseJson, withText } from './request-body.js';

/** The answer to accepted events. */
export interface Receipt {
  readonly accepted: number;
  /** Items that repeat the id of an earlier one of the same request. */
  readonly duplicates: number;
  /** In the order of the items. */
  readonly ids: readonly string[];
  readonly durability: Durability;
}

const forms: Readonly<Record<string, BodyForm>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
};

/** Several events, or a single one that a header may identify. */
interface Items {
  readonly items: readonly unknown[];
  readonly single: boolean;
}

/**
 * From a request to its receipt: the events are read, checked, identified and made durable; one that is bad refuses them all.
 * @throws HttpProblem, ClientGone, and as `Backend.publish` does
 */
export async function ingestEvents(ctx: ApiContext): Promise<Receipt> {
  const form = bodyForm(ctx, forms);
  const id = idempotencyKey(ctx);
  return withText(ctx, async text => {
    const { items, single } = form === 'ndjson' ? fromLines(text, ctx) : fromJson(text, ctx);
    if (id !== undefined && !single) {
      throw new HttpProblem(
        'invalid-request',
        'Idempotency-Key identifies a single event. Give each event of a list its own id.',
      );
    }
    return publish(ctx, messagesOf(items, { now: ctx.services.clock.now(), source: sourceOf(ctx), id }));
  });
}

/** One event that a route has put together itself. */
export async function ingestEvent(ctx: ApiContext, event: Readonly<Record<string, unknown>>): Promise<Receipt> {
  return publish(ctx, messagesOf([event], { now: ctx.services.clock.now(), source: 'http', id: idempotencyKey(ctx) }));
}

async function publish(ctx: ApiContext, items: readonly Message[]): Promise<Receipt> {
  const byId = new Map<string, Message>();
  for (const message of items) if (!byId.has(message.id)) byId.set(message.id, message);
  const messages = byId.size === items.length ? items : [...byId.values()];
  const durability = await ctx.services.backend.publish(messages);
  return {
    accepted: messages.length,
    duplicates: items.length - messages.length,
    ids: items.map(message => message.id),
    durability,
  };
}

function messagesOf(
  items: readonly unknown[],
  { now, source, id }: { readonly now: number; readonly source: Source; readonly id: string | undefined },
): Message[] {
  const messages: Message[] = [];
  const errors: FieldError[] = [];
  const acceptance = id === undefined ? { now, source } : { now, source, id };
  for (let index = 0; index < items.length; index++) {
    const result = acceptEvent(items[index], acceptance);
    if ('message' in result) messages.push(result.message);
    else for (const { field, message } of result.problems) errors.push({ index, field, message });
  }
  if (errors.length > 0) throw badEvents(errors, items.length);
  const named = messages[0];
  if (id !== undefined && named !== undefined && named.id !== id) {
    throw new HttpProblem('invalid-request', 'Idempotency-Key and the id of the event differ. Send only one of them.');
  }
  return messages;
}

function badEvents(errors: readonly FieldError[], count: number): HttpProblem {
  const bad = new Set(errors.map(error => error.index)).size;
  const detail =
    count === 1 ? 'The event was not accepted.' : `${bad} of ${count} events are not valid, so none was accepted.`;
  return new HttpProblem('invalid-event', detail, { errors });
}

function idempotencyKey(ctx: ApiContext): string | undefined {
  const key = ctx.req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,128}$/.test(key)) return key;
  throw new HttpProblem('invalid-request', 'Idempotency-Key must be 1 to 128 printable ASCII characters.');
}

/** `Event-Source: replay` marks events that were recorded earlier and are sent again. */
function sourceOf(ctx: ApiContext): Source {
  const source = ctx.req.headers['event-source'];
  if (source === undefined) return 'http';
  if (source === 'replay') return source;
  throw new HttpProblem('invalid-request', 'Event-Source can only be replay.');
}

function fromJson(text: string, ctx: ApiContext): Items {
  const value = parseJson(text);
  if (!Array.isArray(value)) return { items: [value], single: true };
  if (value.length === 0) throw new HttpProblem('invalid-request', 'The list of events is empty.');
  if (value.length > ctx.services.settings.maxEvents) throw tooMany(ctx);
  return { items: value, single: false };
}

function fromLines(text: string, ctx: ApiContext): Items {
  const items: unknown[] = [];
  const errors: FieldError[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const item = text.slice(start, end).trim();
    start = end + 1;
    line++;
    if (item === '') continue;
    if (items.length === ctx.services.settings.maxEvents) throw tooMany(ctx);
    try {
      items.push(JSON.parse(item));
    } catch (error) {
      errors.push({ index: items.length, field: '', message: `line ${line} is not JSON: ${(error as Error).message}` });
      items.push(undefined);
    }
  }
  if (items.length === 0) throw new HttpProblem('invalid-request', 'The body contains no events.');
  if (errors.length > 0) throw badEvents(errors, items.length);
  return { items, single: items.length === 1 };
}

function tooMany(ctx: ApiContext): HttpProblem {
  return new HttpProblem(
    'too-large',
    `A request may contain at most ${ctx.services.settings.maxEvents} events. Send several requests.`,
  );
}
