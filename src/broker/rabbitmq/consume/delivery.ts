import type { Message, MessageProperties } from 'amqplib';
import type { Fields } from '../../../events/event.js';
import { hashOf, isEventId, timedId } from '../../../events/identity.js';
import { memberTexts } from '../../../events/json-text.js';
import { type Source, sources } from '../../../events/message.js';
import { isEpochMs, parseTimestamp } from '../../../events/timestamp.js';
import type { Delivery } from '../../broker.js';
import { headerNames } from '../headers.js';
import { isReadable, readBody } from './body.js';

const knownSources: ReadonlySet<unknown> = new Set(sources);

/** Bytes of a body that waits as text at most. A copy of a longer one does not come from the pool of Node. */
const maxTextBytes = 4096;

/** What amqplib hands over. */
export interface Received {
  readonly content: Buffer;
  readonly properties: MessageProperties;
  readonly fields: { readonly deliveryTag: number; readonly redelivered: boolean };
}

/**
 * A message of ours or of anybody. This is the one place where properties, headers and bodies from outside are checked:
 * whatever their types and values, what comes out can be stored, encoded and counted.
 *
 * Its id is the message-id, else the body's own `created` and a hash of its bytes and of the timestamp property; never
 * a field of the body. A message without a time in its body is unnamed until `name` is called. Its id and its fields
 * are made when somebody asks for the first time, which is once it is handed out. What waits is a text or a copy of the
 * body: the bytes that came are a part of all that came from the socket at once, and would keep the whole of it.
 */
export class AmqpDelivery implements Delivery {
  readonly source: Source;
  readonly received: number;
  readonly timestamp?: number;
  readonly redelivered: boolean;
  readonly arrived: number | undefined;
  readonly unreadable?: string;
  /** The broker's number of this delivery on its channel. */
  readonly tag: number;
  /** Bytes of the body. */
  readonly size: number;
  /** The `content-encoding` of a body that could not be unpacked. */
  readonly contentEncoding?: string;
  /** Who published it, and the number that it has there; only where both make sense. */
  readonly daemon?: string;
  readonly numberedFor?: string;
  readonly number?: number;
  /** The ledger's notes. */
  repeated = false;
  counted = false;
  /** The body's bytes where the text cannot stand for them, so that it can be published again as it was. */
  readonly bytes?: Buffer;
  /** The timestamp property as it came. */
  readonly #stamp: number | undefined;
  #id: string | undefined;
  #unnamed: string | undefined;
  #body: string | Buffer;
  #fields: Fields | undefined;

  constructor({ content, properties, fields }: Received, now: number, arrived?: number) {
    const { messageId, headers, timestamp, contentEncoding } = properties;
    const source: unknown = headers?.[headerNames.source];
    const body = readBody(content, contentEncoding);
    this.#id = idOf(messageId);
    this.#stamp = typeof timestamp === 'number' ? timestamp : undefined;
    this.source = knownSources.has(source) ? (source as Source) : 'clowder';
    this.received = receivedAt(headers?.[headerNames.received], now);
    // The property counts seconds.
    const sent = typeof timestamp === 'number' ? timestamp * 1000 : undefined;
    if (this.source === 'clowder' && isEpochMs(sent) && sent > 0) this.timestamp = sent;
    this.redelivered = fields.redelivered;
    this.arrived = arrived;
    this.tag = fields.deliveryTag;
    if (body.unreadable !== undefined) this.unreadable = body.unreadable;
    if (body.encoding !== undefined) this.contentEncoding = body.encoding;
    const number: unknown = headers?.[headerNames.number];
    const daemon: unknown = headers?.[headerNames.daemon];
    const numberedFor: unknown = headers?.[headerNames.numberedFor];
    if (isNumber(number) && typeof daemon === 'string' && typeof numberedFor === 'string') {
      this.daemon = daemon;
      this.numberedFor = numberedFor;
      this.number = number;
    }
    this.size = body.content.length;
    if (body.unreadable !== undefined) this.bytes = body.content;
    this.#body = this.bytes ?? waiting(body.content);
  }

  get id(): string {
    this.#id ??= this.#derive();
    return this.#id;
  }

  /** The hash of a message that has no id yet, because nothing in it says when it was made. */
  get unnamed(): string | undefined {
    this.#id ??= this.#derive();
    return this.#unnamed;
  }

  name(id: string): void {
    this.#id = id;
    this.#unnamed = undefined;
  }

  /** Looked at when it is handed out, not on arrival: one that is only buffered may never need it. */
  #derive(): string {
    const ofBody = hashOf(this.bytes ?? this.body);
    const hash = this.#stamp === undefined ? ofBody : hashOf(`${ofBody}\n${this.#stamp}`);
    const created = this.bytes === undefined || isReadable(this.bytes) ? this.#created() : undefined;
    if (created !== undefined) return timedId(created, hash);
    this.#unnamed = hash;
    return hash;
  }

  /** The time that its body says it was made at, epoch ms. */
  #created(): number | undefined {
    const { body } = this;
    if (!body.includes('created')) return undefined;
    try {
      const value: unknown = JSON.parse(withoutMark(body));
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      this.#fields = value as Fields;
      return parseTimestamp(this.#fields.created);
    } catch {
      return createdIn(body);
    }
  }

  get body(): string {
    if (typeof this.#body !== 'string') this.#body = this.#body.toString();
    return this.#body;
  }

  /** Where its body was parsed for its id. */
  get fields(): Fields | undefined {
    return this.#fields;
  }
}

/** Many thousands may wait: the long ones do so outside of V8's heap, whose limit they would reach as texts. */
function waiting(content: Buffer): string | Buffer {
  return content.length <= maxTextBytes ? content.toString() : Buffer.from(content);
}

/** Nothing was received later than now, whatever a header says: retention and latency would count from there. */
function receivedAt(header: unknown, now: number): number {
  return isEpochMs(header) && header > 0 ? Math.min(header, now) : now;
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function idOf(messageId: unknown): string | undefined {
  if (isEventId(messageId)) return messageId;
  return typeof messageId === 'string' && messageId !== '' ? hashOf(messageId) : undefined;
}

/** The time in what only begins as a JSON object, epoch ms. */
function createdIn(body: string): number | undefined {
  if (!/^[\ufeff\s]*\{/.test(body)) return undefined;
  try {
    return parseTimestamp(JSON.parse(memberTexts(withoutMark(body)).get('created') ?? 'null'));
  } catch {
    return undefined;
  }
}

/** Some writers begin with a byte order mark. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** A message by its tag: amqplib wants a whole one in order to acknowledge it, but reads only the tag. */
export function tagged(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as unknown as Message;
}
