import { isUtf8 } from 'node:buffer';
import type { Options } from 'amqplib';
import type { Message, Source } from '../../../events/message.js';
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
}

/** A message and where it goes. */
export interface OutgoingMessage {
  readonly message: Message;
  /** Null: to every queue. */
  readonly target: Target | null;
  /** The body's bytes where they are not UTF-8, and the text cannot stand for them. */
  readonly bytes?: Buffer;
}

/** What amqplib publishes. */
export interface EncodedMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

export function toQueue(name: string): Target {
  return { exchange: '', routingKey: name };
}

export function encode({ message, target, bytes }: OutgoingMessage, exchange: string): EncodedMessage {
  const { id, source, received, timestamp } = message;
  // A foreign message keeps the time that it had, or its lack of one: its `created` may follow from it.
  const time = timestamp ?? (source === 'clowder' ? undefined : received);
  return {
    exchange: target?.exchange ?? exchange,
    routingKey: target?.routingKey ?? '',
    content: bytes ?? Buffer.from(message.body),
    options: {
      messageId: id,
      contentType: 'application/json',
      deliveryMode: 2,
      mandatory: true,
      ...(time === undefined ? {} : { timestamp: Math.floor(time / 1000) }),
      headers: target?.plain
        ? {}
        : { [headerNames.source]: source, [headerNames.received]: received, ...target?.headers },
    },
  };
}

/** A row of the outbox. */
export interface OutboxRow {
  readonly target: string | null;
  readonly id: string;
  readonly source: string;
  readonly received: number;
  readonly timestamp: number | null;
  readonly body: string;
}

export function stored({ message, target, bytes }: OutgoingMessage): OutboxRow {
  const { id, source, received, timestamp = null, body } = message;
  const binary = bytes !== undefined && !isUtf8(bytes);
  return {
    target: target === null && !binary ? null : JSON.stringify({ ...target, ...(binary ? { binary } : {}) }),
    id,
    source,
    received,
    timestamp,
    body: binary ? bytes.toString('base64') : body,
  };
}

export function restored({ target, id, source, received, timestamp, body }: OutboxRow): OutgoingMessage {
  const message = {
    id,
    body,
    source: source as Source,
    received,
    ...(timestamp === null ? {} : { timestamp }),
  };
  if (target === null) return { message, target };
  const { binary, ...rest } = JSON.parse(target) as Partial<Target> & { binary?: boolean };
  return {
    message,
    target: rest.routingKey === undefined ? null : (rest as Target),
    ...(binary ? { bytes: Buffer.from(body, 'base64') } : {}),
  };
}
