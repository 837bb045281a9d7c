import type { Channel } from 'amqplib';
import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import type { Connection, LiveConnection } from '../connection.js';
import { operationError, replyCode } from '../errors.js';

export interface QueueDepth {
  /** Waiting; those handed out to a consumer are not among them. */
  readonly messages: number;
  readonly consumers: number;
}

/** How long an answer stands for all who ask, ms. */
const cacheMs = 500;
/** What RabbitMQ may take to answer, ms. */
const answerTimeoutMs = 3_000;

/**
 * Asks for the depth of queues by name, without touching them (passive declare): one at a time on one channel, which
 * the broker closes whenever a queue is not there. All who ask for the same queue within half a second share one
 * answer.
 */
export class Inspector {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #cached = new Map<string, { readonly at: number; readonly depth: Promise<QueueDepth | undefined> }>();
  #channel: { readonly channel: Channel; readonly live: LiveConnection } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /**
   * Undefined when there is no such queue. @throws TransientError without a connection,
   * SetupError when the user may not see it
   */
  inspect(queue: string): Promise<QueueDepth | undefined> {
    const known = this.#cached.get(queue);
    const now = this.#clock.monotonic();
    if (known !== undefined && now - known.at < cacheMs) return known.depth;
    return this.inspectNow(queue);
  }

  inspectNow(queue: string): Promise<QueueDepth | undefined> {
    const depth = this.#last.then(() => this.#ask(queue));
    this.#last = depth.catch(() => this.forget(queue));
    if (this.#cached.size > 1_000) this.#cached.clear();
    this.#cached.set(queue, { at: this.#clock.monotonic(), depth });
    return depth;
  }

  /** What is known of it is no longer true. */
  forget(queue: string): void {
    this.#cached.delete(queue);
  }

  async #ask(queue: string): Promise<QueueDepth | undefined> {
    const live = this.#connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${this.#connection.error}`);
    try {
      const channel = await this.#answered(this.#open(live));
      const { messageCount, consumerCount } = await this.#answered(channel.checkQueue(queue));
      return { messages: messageCount, consumers: consumerCount };
    } catch (error) {
      this.#channel = undefined;
      if (replyCode(error) === 404) return undefined;
      throw operationError(`the queue ${queue}`, error, 'read');
    }
  }

  /** A status page should not wait for heartbeats to find out that the broker is gone. */
  async #answered<Result>(work: Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const late = this.#clock.sleep(answerTimeoutMs, over.signal).then(() => {
      throw new TransientError(`no answer within ${answerTimeoutMs / 1000} s`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => {});
      over.abort();
    }
  }

  async #open(live: LiveConnection): Promise<Channel> {
    if (this.#channel?.live === live) return this.#channel.channel;
    const channel = await live.model.createChannel();
    channel.on('error', () => {});
    channel.on('close', () => {
      if (this.#channel?.channel === channel) this.#channel = undefined;
    });
    this.#channel = { channel, live };
    return channel;
  }
}
