import { isUtf8 } from 'node:buffer';
import type { Message, MessageProperties } from 'amqplib';
import { hashOf, isEventId } from '../../../events/identity.js';
import type { Source } from '../../../events/message.js';
import type { Delivery } from '../../broker.js';
import { headerNames } from '../headers.js';

const sources: ReadonlySet<unknown> = new Set<Source>(['clowder', 'http', 'nginx', 'health', 'heartbeat', 'replay']);

/** What amqplib hands over. */
interface Received {
  readonly content: Buffer;
  readonly properties: MessageProperties;
  readonly fields: { readonly deliveryTag: number; readonly redelivered: boolean };
}

/**
 * A message of ours or of anybody. Its id is the message-id, else a hash of the body's bytes, never a field of the body. The text is made anew
 * for whoever asks (decoding, once): kept beside the bytes, it would be a third of what a waiting message holds, and garbage that has grown old.
 */
export class AmqpDelivery implements Delivery {
  readonly id: string;
  readonly source: Source;
  readonly received: number;
  readonly timestamp?: number;
  readonly redelivered: boolean;
  /** The broker's number of this delivery on its channel. */
  readonly tag: number;
  /** Bytes of the body. */
  readonly size: number;
  readonly #content: Buffer;

  constructor({ content, properties, fields }: Received, now: number) {
    const { messageId, headers, timestamp } = properties;
    const received = headers?.[headerNames.received];
    this.id = idOf(messageId, content);
    this.source = sources.has(headers?.[headerNames.source]) ? (headers?.[headerNames.source] as Source) : 'clowder';
    this.received = typeof received === 'number' ? received : now;
    // The property counts seconds.
    if (this.source === 'clowder' && typeof timestamp === 'number' && timestamp > 0) this.timestamp = timestamp * 1000;
    this.redelivered = fields.redelivered;
    this.tag = fields.deliveryTag;
    this.size = content.length;
    this.#content = content;
  }

  get body(): string {
    return this.#content.toString();
  }

  /** The body's bytes where it is not UTF-8, so that it can be published again as it was. */
  get bytes(): Buffer | undefined {
    return isUtf8(this.#content) ? undefined : this.#content;
  }
}

function idOf(messageId: unknown, content: Buffer): string {
  if (isEventId(messageId)) return messageId;
  return typeof messageId === 'string' && messageId !== '' ? hashOf(messageId) : hashOf(content);
}

/** A message by its tag: amqplib wants a whole one in order to acknowledge it, but reads only the tag. */
export function tagged(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as unknown as Message;
}
