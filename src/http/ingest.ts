import type { Durability } from '../broker/broker.js';
import { acceptEvent } from '../events/accept.js';
import type { Message, Source } from '../events/message.js';
import { readText } from './body.js';
import { type ApiContext, hasBody } from './context.js';
import { type FieldProblem, Problem } from './problem.js';

/** The answer to accepted events. */
export interface Receipt {
  readonly accepted: number;
  /** Items that repeat the id of an earlier one of the same request. */
  readonly duplicates: number;
  /** In the order of the items. */
  readonly ids: readonly string[];
  readonly durability: Durability;
}

type BodyForm = 'json' | 'ndjson';

const forms: Readonly<Record<string, BodyForm>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
};

/** Several events, or a single one that a header may name. */
interface Items {
  readonly items: readonly unknown[];
  readonly single: boolean;
}

/**
 * From a request to its receipt: the events are read, checked, told apart and made durable; one that is bad refuses them all.
 * @throws Problem, ClientGone, and as `Door.publish` does
 */
export async function takeEvents(ctx: ApiContext): Promise<Receipt> {
  const form = bodyForm(ctx, forms);
  const id = idempotencyKey(ctx);
  return withBody(ctx, async text => {
    const { items, single } = form === 'ndjson' ? fromLines(text, ctx) : fromJson(text, ctx);
    if (id !== undefined && !single) {
      throw new Problem(
        'invalid-request',
        'Idempotency-Key names a single event. Give each event of a list its own id.',
      );
    }
    return publish(ctx, messagesOf(items, { now: ctx.services.clock.now(), source: sourceOf(ctx), id }));
  });
}

/** One event that the door itself puts together. */
export async function takeEvent(ctx: ApiContext, event: Readonly<Record<string, unknown>>): Promise<Receipt> {
  return publish(ctx, messagesOf([event], { now: ctx.services.clock.now(), source: 'http', id: idempotencyKey(ctx) }));
}

/** Reads a JSON body and calls back; its bytes count as in flight until the call has settled. */
export async function withJson<Result>(ctx: ApiContext, use: (body: unknown) => Promise<Result>): Promise<Result> {
  bodyForm(ctx, { 'application/json': 'json' });
  return withBody(ctx, text => use(parse(text)));
}

async function withBody<Result>(ctx: ApiContext, use: (text: string) => Promise<Result>): Promise<Result> {
  const { inFlight, settings } = ctx.services;
  const reservation = inFlight.reservation();
  try {
    return await use(await readText(ctx.req, ctx.res, settings, reservation));
  } finally {
    reservation.release();
  }
}

async function publish(ctx: ApiContext, ids: readonly Message[]): Promise<Receipt> {
  const byId = new Map<string, Message>();
  for (const message of ids) if (!byId.has(message.id)) byId.set(message.id, message);
  const messages = byId.size === ids.length ? ids : [...byId.values()];
  const durability = await ctx.services.backend.publish(messages);
  return {
    accepted: messages.length,
    duplicates: ids.length - messages.length,
    ids: ids.map(message => message.id),
    durability,
  };
}

function messagesOf(
  items: readonly unknown[],
  { now, source, id }: { readonly now: number; readonly source: Source; readonly id: string | undefined },
): Message[] {
  const messages: Message[] = [];
  const errors: FieldProblem[] = [];
  const acceptance = id === undefined ? { now, source } : { now, source, id };
  for (let index = 0; index < items.length; index++) {
    const result = acceptEvent(items[index], acceptance);
    if ('message' in result) messages.push(result.message);
    else for (const { field, message } of result.problems) errors.push({ index, field, message });
  }
  if (errors.length > 0) throw badEvents(errors, items.length);
  const named = messages[0];
  if (id !== undefined && named !== undefined && named.id !== id) {
    throw new Problem('invalid-request', 'Idempotency-Key and the id of the event differ. Send one of them.');
  }
  return messages;
}

function badEvents(errors: readonly FieldProblem[], count: number): Problem {
  const bad = new Set(errors.map(error => error.index)).size;
  const detail =
    count === 1 ? 'The event was not accepted.' : `${bad} of ${count} events are not valid, so none was accepted.`;
  return new Problem('invalid-event', detail, { errors });
}

/** @throws Problem 400 without a body, 415 for one that is not understood */
function bodyForm(ctx: ApiContext, known: Readonly<Record<string, BodyForm>>): BodyForm {
  if (!hasBody(ctx.req)) throw new Problem('invalid-request', 'The request has no body.');
  const header = ctx.req.headers['content-type'] ?? '';
  if (header === 'application/json') return 'json';
  const [type = '', ...parameters] = header.split(';').map(part => part.trim().toLowerCase());
  const form = Object.hasOwn(known, type) ? known[type] : undefined;
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice('charset='.length);
  if (form !== undefined && (charset === undefined || /^"?utf-?8"?$/.test(charset))) return form;
  const allowed = Object.keys(known).join(', ');
  throw new Problem('unsupported-media-type', `Send the body as ${allowed}, in UTF-8, and say so in Content-Type.`, {
    headers: { Accept: allowed },
  });
}

function idempotencyKey(ctx: ApiContext): string | undefined {
  const key = ctx.req.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && /^[\x20-\x7e]{1,128}$/.test(key)) return key;
  throw new Problem('invalid-request', 'Idempotency-Key must be 1 to 128 printable ASCII characters.');
}

/** `Event-Source: replay` marks events that were recorded earlier and are sent again. */
function sourceOf(ctx: ApiContext): Source {
  const source = ctx.req.headers['event-source'];
  if (source === undefined) return 'http';
  if (source === 'replay') return source;
  throw new Problem('invalid-request', 'Event-Source may only be replay.');
}

function fromJson(text: string, ctx: ApiContext): Items {
  const value = parse(text);
  if (!Array.isArray(value)) return { items: [value], single: true };
  if (value.length === 0) throw new Problem('invalid-request', 'The list of events is empty.');
  if (value.length > ctx.services.settings.maxEvents) throw tooMany(ctx);
  return { items: value, single: false };
}

function fromLines(text: string, ctx: ApiContext): Items {
  const items: unknown[] = [];
  const errors: FieldProblem[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const words = text.slice(start, end).trim();
    start = end + 1;
    line++;
    if (words === '') continue;
    if (items.length === ctx.services.settings.maxEvents) throw tooMany(ctx);
    try {
      items.push(JSON.parse(words));
    } catch (error) {
      errors.push({ index: items.length, field: '', message: `line ${line} is not JSON: ${(error as Error).message}` });
      items.push(undefined);
    }
  }
  if (items.length === 0) throw new Problem('invalid-request', 'The body has no events.');
  if (errors.length > 0) throw badEvents(errors, items.length);
  return { items, single: items.length === 1 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('invalid-request', `The body is not JSON: ${(error as Error).message}`);
  }
}

function tooMany(ctx: ApiContext): Problem {
  return new Problem(
    'too-large',
    `A request may have ${ctx.services.settings.maxEvents} events. Send several requests.`,
  );
}
