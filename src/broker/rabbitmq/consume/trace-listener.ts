import type { Channel, ConsumeMessage } from 'amqplib';
import { TransientError } from '../../../errors.js';
import { closeChannel, onChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { operationError, replyCode } from '../errors.js';
import { tagged } from './delivery.js';

/** Where RabbitMQ copies messages to while tracing is on: https://www.rabbitmq.com/docs/firehose */
export const traceExchange = 'amq.rabbitmq.trace';
/** Everything that is published to the default exchange, whose name is empty. */
export const defaultExchangeKey = 'publish.';

/** What a queue of traces holds at most: the oldest go first, and the queue goes with its last consumer. */
export interface TraceLimits {
  readonly messages: number;
  readonly bytes: number;
  readonly ageMs: number;
  /** Without a consumer for this long, the queue is removed. */
  readonly unusedMs: number;
}

export interface TraceListenerOptions {
  readonly queue: string;
  readonly limits: TraceLimits;
  readonly prefetch: number;
  readonly onTrace: (trace: Trace) => void;
}

/** A copy of a message that was published (`publish.EXCHANGE`) or handed to a consumer (`deliver.QUEUE`). */
export interface Trace {
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content: Buffer;
  /** This copy was handed out before: to a consumer that went away without acknowledging it. */
  readonly redelivered: boolean;
  /** It waited in the queue, nobody knows for how long. */
  readonly waited: boolean;
  /** Not a copy: it was published to the queue itself, under this message id. */
  readonly direct: string | undefined;
  readonly tag: number;
}

/**
 * Consumes a queue of traces that only this kind of daemon uses. Of several daemons one is handed everything, and
 * another takes over when it goes (single active consumer). Only that queue is declared, bound and consumed.
 */
export class TraceListener {
  /** Resolves when the channel, the queue or the connection is gone. */
  readonly gone: Promise<void>;
  /** How many traces waited when consuming began: when they were made is not known. */
  readonly waiting: number;
  /** How many other daemons consumed the queue then. */
  readonly others: number;
  readonly #live: LiveConnection;
  readonly #channel: Channel;
  readonly #queue: string;
  #open = true;
  #backlog: number;

  /** @throws TransientError, SetupError */
  static async open(live: LiveConnection, options: TraceListenerOptions): Promise<TraceListener> {
    const { queue, limits, prefetch, onTrace } = options;
    try {
      const found = await onChannel(live, async channel => {
        const queued = await channel.assertQueue(queue, { durable: true, arguments: argumentsOf(limits) });
        await channel.bindQueue(queue, traceExchange, defaultExchangeKey);
        return queued;
      });
      const channel = await live.model.createChannel();
      const listener = new TraceListener(live, channel, queue, found);
      await channel.prefetch(prefetch);
      await channel.consume(queue, message => {
        if (message === null) void listener.close();
        else onTrace(listener.#traceOf(message));
      });
      return listener;
    } catch (error) {
      if (replyCode(error) === undefined) throw error;
      const needs = String((error as Error).message).includes(traceExchange) ? 'read' : 'configure';
      throw operationError(needs === 'read' ? `the exchange ${traceExchange}` : `the queue ${queue}`, error, needs);
    }
  }

  private constructor(
    live: LiveConnection,
    channel: Channel,
    queue: string,
    found: { messageCount: number; consumerCount: number },
  ) {
    this.#live = live;
    this.#channel = channel;
    this.#queue = queue;
    this.waiting = found.messageCount;
    this.#backlog = found.messageCount;
    this.others = found.consumerCount;
    this.gone = new Promise(resolve => {
      channel.on('error', () => {});
      channel.on('close', () => {
        this.#open = false;
        resolve();
      });
    });
  }

  /** This one and all before it. */
  acknowledge(tag: number): void {
    if (this.#open) this.#channel.ack(tagged(tag), true);
  }

  /**
   * Hears of what is handed out from a queue, too. The queue itself is not touched. @throws TransientError, SetupError
   * when the user may not
   */
  async hearDeliveries(queue: string): Promise<void> {
    try {
      await onChannel(this.#live, channel => channel.bindQueue(this.#queue, traceExchange, `deliver.${queue}`));
    } catch (error) {
      throw operationError(`the traces of ${queue}`, error, 'read');
    }
  }

  /** Past the exchange of the traces, into the queue itself: with tracing on, a copy of it is there first. */
  sendDirect(messageId: string): void {
    if (this.#open) this.#channel.sendToQueue(this.#queue, Buffer.alloc(0), { messageId });
  }

  async consumers(): Promise<number> {
    const { consumerCount } = await onChannel(this.#live, channel => channel.checkQueue(this.#queue)).catch(error => {
      throw new TransientError(`the queue ${this.#queue} cannot be looked at`, { cause: error });
    });
    return consumerCount;
  }

  async close(): Promise<void> {
    if (this.#open) await closeChannel(this.#channel);
  }

  #traceOf({ fields, properties, content }: ConsumeMessage): Trace {
    const direct = fields.exchange === '' && fields.routingKey === this.#queue;
    const waited = fields.redelivered || this.#backlog > 0;
    this.#backlog -= 1;
    return {
      routingKey: fields.routingKey,
      headers: properties.headers ?? {},
      content,
      redelivered: fields.redelivered,
      waited,
      direct: direct ? String(properties.messageId) : undefined,
      tag: fields.deliveryTag,
    };
  }
}

/**
 * A classic queue: traces are copies that nobody confirms, so that replicas would add work and no safety.
 */
function argumentsOf({ messages, bytes, ageMs, unusedMs }: TraceLimits): Record<string, string | number | boolean> {
  return {
    'x-queue-type': 'classic',
    'x-single-active-consumer': true,
    'x-max-length': messages,
    'x-max-length-bytes': bytes,
    'x-overflow': 'drop-head',
    'x-message-ttl': ageMs,
    'x-expires': unusedMs,
  };
}
