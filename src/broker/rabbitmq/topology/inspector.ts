import type { Channel } from 'amqplib';
import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import type { Connection, Live } from '../connection.js';
import { operationError, replyCode } from '../errors.js';

export interface QueueLook {
  /** Waiting; those handed out to a consumer are not among them. */
  readonly messages: number;
  readonly consumers: number;
}

/** A look at a queue is this fresh at least, ms. */
const FRESH = 500;
/** For an answer, ms. */
const PATIENCE = 3_000;

/**
 * Looks at queues by name, without touching them (passive declare), one at a time on one channel, which the broker closes whenever a queue is not
 * there. Many who ask for the same queue within half a second share one look.
 */
export class Inspector {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #looks = new Map<string, { readonly at: number; readonly look: Promise<QueueLook | undefined> }>();
  #channel: { readonly channel: Channel; readonly live: Live } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Undefined when there is no such queue. @throws TransientError without a connection, SetupError when it may not be looked at */
  look(queue: string): Promise<QueueLook | undefined> {
    const known = this.#looks.get(queue);
    const now = this.#clock.monotonic();
    if (known !== undefined && now - known.at < FRESH) return known.look;
    return this.lookNow(queue);
  }

  lookNow(queue: string): Promise<QueueLook | undefined> {
    const look = this.#last.then(() => this.#ask(queue));
    this.#last = look.catch(() => this.forget(queue));
    if (this.#looks.size > 1_000) this.#looks.clear();
    this.#looks.set(queue, { at: this.#clock.monotonic(), look });
    return look;
  }

  /** What is known of it is no longer true. */
  forget(queue: string): void {
    this.#looks.delete(queue);
  }

  async #ask(queue: string): Promise<QueueLook | undefined> {
    const live = this.#connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${this.#connection.error}`);
    try {
      const channel = await this.#answered(this.#open(live));
      const { messageCount, consumerCount } = await this.#answered(channel.checkQueue(queue));
      return { messages: messageCount, consumers: consumerCount };
    } catch (error) {
      this.#channel = undefined;
      if (replyCode(error) === 404) return undefined;
      throw operationError(`the queue ${queue}`, error);
    }
  }

  /** A status page should not wait for heartbeats to find out that the broker is gone. */
  async #answered<Result>(work: Promise<Result>): Promise<Result> {
    const over = new AbortController();
    const late = this.#clock.sleep(PATIENCE, over.signal).then(() => {
      throw new TransientError(`no answer within ${PATIENCE / 1000} s`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      late.catch(() => {});
      over.abort();
    }
  }

  async #open(live: Live): Promise<Channel> {
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
