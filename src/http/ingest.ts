import type { Durability } from '../broker/broker.js';
import { IdConflictError } from '../errors.js';
import { acceptEvent } from '../events/accept.js';
import { hashOf } from '../events/identity.js';
import type { Kind } from '../events/kind.js';
import type { Message, Source } from '../events/message.js';
import { type ApiContext, hasBody } from './context.js';
import { badEvents, type Items, itemReader } from './items.js';
import { type FieldError, HttpProblem } from './problem.js';
import { withText } from './request-body.js';
import { saidBy } from './said-by.js';

/** The answer to accepted events. */
export interface Receipt {
  readonly accepted: number;
  /** Items that repeat the id of an earlier one of the same request. */
  readonly duplicates: number;
  /** In the order of the items. */
  readonly ids: readonly string[];
  readonly durability: Durability;
}

/**
 * From a request to its receipt: the events are read, checked, identified and made durable; one that is bad refuses
 * them all.
 * @param kind what the path says of them
 * @throws HttpProblem, ClientGone, and as `Backend.publish` does
 */
export function ingestEvents(ctx: ApiContext, kind?: Kind): Promise<Receipt> {
  const read = itemReader(ctx, kind);
  const key = idempotencyKey(ctx);
  const source = sourceOf(ctx);
  if (!hasBody(ctx.req)) return publish(ctx, read(undefined), key, source);
  return withText(ctx, text => publish(ctx, read(text), key, source));
}

/** One event whose text a route has put together itself. */
export async function ingestEvent(ctx: ApiContext, text: string): Promise<Receipt> {
  const items = [{ value: JSON.parse(text), text }];
  return publish(ctx, { items, single: true, accept: acceptEvent }, idempotencyKey(ctx), 'http');
}

async function publish(ctx: ApiContext, items: Items, key: string | undefined, source: Source): Promise<Receipt> {
  const { backend, clock } = ctx.services;
  const made = withRequest(messagesOf(items, key, { now: clock.now(), source, by: ctx.state.key?.name }), items, key);
  const messages = withoutRepeats(made);
  let durability: Durability;
  try {
    durability = await backend.publish(messages);
  } catch (error) {
    throw error instanceof IdConflictError ? knownConflict(error, made) : error;
  }
  return {
    accepted: messages.length,
    duplicates: made.length - messages.length,
    ids: made.map(message => message.id),
    durability,
  };
}

/** The first message says of which request it is, where that has a key. */
function withRequest(made: readonly Message[], { single }: Items, key: string | undefined): readonly Message[] {
  const [first, ...others] = made;
  if (first === undefined || key === undefined) return made;
  const texts = made.map(({ given }) => given?.hash);
  return [{ ...first, request: { key, hash: hashOf([single ? 'event' : 'list', ...texts].join('\n')) } }, ...others];
}

/** The first item of each id. @throws HttpProblem 422 when another item has the same id and another text */
function withoutRepeats(made: readonly Message[]): readonly Message[] {
  if (made.length === 1) return made;
  const byId = new Map<string, Message>();
  const errors: FieldError[] = [];
  for (const [index, message] of made.entries()) {
    const first = byId.get(message.id);
    if (first === undefined) byId.set(message.id, message);
    else if (first.given?.hash !== message.given?.hash) {
      const others = `another event of this request has the id ${message.id} and another content`;
      errors.push({ index, field: 'id', message: others });
    }
  }
  if (errors.length > 0)
    throw new HttpProblem('id-conflict', 'An id names one event only. Nothing was accepted.', { errors });
  return byId.size === made.length ? made : [...byId.values()];
}

function knownConflict({ ids, key }: IdConflictError, made: readonly Message[]): HttpProblem {
  if (ids.length === 0 && key !== undefined) {
    const errors = [{ field: 'Idempotency-Key', message: `the key ${key} was sent before, with another body` }];
    return new HttpProblem('id-conflict', 'An Idempotency-Key names one request only. Nothing was accepted.', {
      errors,
    });
  }
  const taken = new Set(ids);
  const errors = made.flatMap(({ id }, index): FieldError[] =>
    taken.has(id) ? [{ index, field: 'id', message: `the id ${id} was sent before, with another content` }] : [],
  );
  return new HttpProblem('id-conflict', 'An id names one event only. Nothing was accepted.', { errors });
}

/** A key is the id of a single event; in a list, key and index make the id of an item that has none of its own. */
function messagesOf(
  { items, single, accept }: Items,
  key: string | undefined,
  { now, source, by }: { readonly now: number; readonly source: Source; readonly by: string | undefined },
): Message[] {
  const messages: Message[] = [];
  const errors: FieldError[] = [];
  for (const [index, { value, text }] of items.entries()) {
    const id = single || key === undefined ? key : hashOf(`${key}\n${index}`);
    const result = accept(value, id === undefined ? { now, source, text } : { now, source, text, id });
    if ('message' in result) messages.push(saidBy(result.message, by));
    else for (const { field, message } of result.problems) errors.push({ index, field, message });
  }
  if (errors.length > 0) throw badEvents(errors, items.length);
  if (single && key !== undefined && messages[0]?.id !== key) {
    throw new HttpProblem('invalid-request', 'Idempotency-Key and the id of the event differ. Send only one of them.');
  }
  return messages;
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
