import { isUtf8 } from 'node:buffer';
import type { Options } from 'amqplib';
import type { Message, Source } from '../../../events/message.js';
import { isEpochMs } from '../../../events/timestamp.js';
import type { MessageProperties } from '../../broker.js';
import { headerNames } from '../headers.js';

/** Where a message goes when it does not go to the exchange of the events. */
export interface Target {
  /** Empty: the default exchange, whose routing keys are the names of queues. */
  readonly exchange: string;
  readonly routingKey: string;
  /** Added to the headers that every message of ours carries. */
  readonly headers?: Readonly<Record<string, string | number>>;
  /** Published for somebody else (`/v1/publish`): without headers of ours. */
  readonly plain?: boolean;
  /** In place of those that messages of ours have. */
  readonly properties?: Omit<MessageProperties, 'messageId'>;
}

/** A message and where it goes. */
export interface OutgoingMessage {
  readonly message: Message;
  /** Null: to every queue. */
  readonly target: Target | null;
  /** The body's bytes where they are not UTF-8, and the text cannot stand for them. */
  readonly bytes?: Buffer;
  /** The `content-encoding` of those bytes. */
  readonly contentEncoding?: string;
  /** Given once by the ledger, and the same however often it is published. */
  number?: number;
  numberedFor?: string;
}

/** A message as AMQP has it, `mandatory`. */
export interface EncodedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer | string;
  readonly options: Options.Publish;
}

/** This message can never be published as it is, whatever state the broker is in. */
export interface Refusal {
  readonly refused: string;
}

/** AMQP's short strings: names, routing keys, message ids. Bytes. */
export const maxShortString = 255;
/** amqplib encodes all headers of a message into a buffer of 64 KiB; some are left for names and lengths. */
const maxHeaderBytes = 60 * 1024;

export function toQueue(name: string): Target {
  return { exchange: '', routingKey: name };
}

/**
 * Values that came from outside are checked here once more, because rows of older daemons wait in outboxes: a time that
 * AMQP cannot carry is left out, and what cannot be left out is a refusal of this one message.
 */
export function encode(
  { message, target, bytes, contentEncoding, number, numberedFor }: OutgoingMessage,
  eventExchange: string,
  daemon = '',
): EncodedMessage | Refusal {
  const { id, source, received, timestamp } = message;
  const exchange = target?.exchange ?? eventExchange;
  const routingKey = target?.routingKey ?? '';
  const tooLong = tooLongIn('id', id) ?? tooLongIn('exchange', exchange) ?? tooLongIn('routing key', routingKey);
  if (tooLong !== undefined) return tooLong;
  const headers: Record<string, string | number | boolean> = target?.plain
    ? { ...target.properties?.headers }
    : ownHeaders(source, received, target?.headers);
  if (number !== undefined && numberedFor !== undefined) {
    headers[headerNames.daemon] = daemon;
    headers[headerNames.numberedFor] = numberedFor;
    headers[headerNames.number] = number;
  }
  // What is ours is short: only what somebody else may have chosen is measured.
  const isOurs = target?.headers === undefined && !target?.plain && source.length <= maxShortString;
  const size = isOurs ? 0 : sizeOf(headers);
  if (size > maxHeaderBytes) return { refused: `its headers have ${size} bytes, and at most ${maxHeaderBytes} fit` };
  // A foreign message keeps the time that it had, or its lack of one: its `created` may follow from it.
  const time = timestamp ?? (source === 'clowder' ? undefined : received);
  return {
    exchange,
    routingKey,
    content: bytes ?? message.body,
    options: {
      messageId: id,
      contentType: 'application/json',
      deliveryMode: 2,
      ...(target?.properties === undefined ? {} : optionsOf(target.properties)),
      ...(contentEncoding === undefined ? {} : { contentEncoding }),
      mandatory: true,
      ...(isEpochMs(time) ? { timestamp: Math.floor(time / 1000) } : {}),
      headers,
    },
  };
}

function tooLongIn(what: string, text: string): Refusal | undefined {
  // A character has three bytes at most.
  if (text.length * 3 <= maxShortString) return undefined;
  const length = Buffer.byteLength(text);
  if (length <= maxShortString) return undefined;
  return { refused: `its ${what} has ${length} bytes, and AMQP carries at most ${maxShortString}` };
}

function sizeOf(headers: Readonly<Record<string, unknown>>): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);
}

/** As amqplib has them; headers apart. */
function optionsOf(properties: NonNullable<Target['properties']>): Options.Publish {
  const { replyTo, correlationId, contentType, expirationMs, priority, persistent = true } = properties;
  return {
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(expirationMs === undefined ? {} : { expiration: String(expirationMs) }),
    ...(priority === undefined ? {} : { priority }),
    deliveryMode: persistent ? 2 : 1,
  };
}

/** Our numbers are counts and epoch ms: any other number came from outside unchecked, and is left out. */
function ownHeaders(
  source: Source,
  received: number,
  others: Target['headers'] = {},
): Record<string, string | number | boolean> {
  const headers: Record<string, string | number | boolean> = { [headerNames.source]: source };
  if (isEpochMs(received)) headers[headerNames.received] = received;
  for (const name in others) {
    const value = others[name]!;
    if (typeof value === 'string' || isEpochMs(value)) headers[name] = value;
  }
  return headers;
}

/** A row of the outbox. */
export interface OutboxRow {
  readonly target: string | null;
  readonly id: string;
  readonly source: string;
  readonly received: number;
  readonly timestamp: number | null;
  readonly body: string;
  /** The ledger's. */
  readonly number: number | null;
}

/** `target` as the outbox keeps it. */
interface StoredTarget extends Partial<Target> {
  /** The body is base64. */
  readonly binary?: boolean;
  readonly contentEncoding?: string;
}

export function stored({ message, target, bytes, contentEncoding, number }: OutgoingMessage): OutboxRow {
  const { id, source, received, timestamp = null, body } = message;
  const binary = bytes !== undefined && (contentEncoding !== undefined || !isUtf8(bytes));
  const encoding = contentEncoding === undefined ? {} : { contentEncoding };
  return {
    target:
      target === null && !binary ? null : JSON.stringify({ ...target, ...(binary ? { binary, ...encoding } : {}) }),
    id,
    source,
    received,
    timestamp,
    body: binary ? bytes.toString('base64') : body,
    number: number ?? null,
  };
}

export function restored({ target, id, source, received, timestamp, body, number }: OutboxRow): OutgoingMessage {
  const message = {
    id,
    body,
    source: source as Source,
    received,
    ...(timestamp === null ? {} : { timestamp }),
  };
  const numbered = number === null ? {} : { number };
  if (target === null) return { message, target, ...numbered };
  const { binary, contentEncoding, ...rest } = JSON.parse(target) as StoredTarget;
  return {
    message,
    target: rest.routingKey === undefined ? null : (rest as Target),
    ...(binary ? { bytes: Buffer.from(body, 'base64') } : {}),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...numbered,
  };
}
