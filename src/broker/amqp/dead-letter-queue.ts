import type { Channel } from 'amqplib';
import type { Clock } from '../../clock.js';
import { TransientError } from '../../errors.js';
import { type Connection, onChannel } from './connection.js';
import { AmqpDelivery, tagged } from './incoming.js';
import type { Inspector } from './inspector.js';
import { operationTrouble, replyCode } from './trouble.js';

/** A dead letter as it lies in its queue. */
export interface DeadMessage {
  readonly delivery: AmqpDelivery;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface DeadLetterQueueOptions {
  readonly name: string;
  readonly connection: Connection;
  readonly inspector: Inspector;
  readonly clock: Clock;
}

/**
 * A look for single letters goes so far. Always to the same place: a quorum queue puts what was given back behind what had been given back before,
 * so that looks of different lengths would turn its order round.
 */
const WINDOW = 1_000;
/** Letters, and bytes of them, that are worked on at once. */
const CHUNK = 100;
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * One queue of dead letters, read from the oldest on. A queue has no index and a look takes the messages out, so there is one look at a time,
 * on a channel of its own that gives back everything in the end.
 */
export class DeadLetterQueue {
  readonly #options: DeadLetterQueueOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options;
  }

  async count(): Promise<number> {
    return (await this.#options.inspector.look(this.#options.name))?.messages ?? 0;
  }

  /** Shows the oldest, one after the other. */
  read(visit: (dead: DeadMessage) => void): Promise<void> {
    return this.#look(async channel => {
      for (let seen = 0; seen < WINDOW; seen += 1) {
        const dead = await this.#next(channel);
        if (dead === undefined) return;
        visit(dead);
      }
    }, undefined);
  }

  /**
   * Takes out those that are chosen and that `handle` says true to: among the oldest, or among all there are. Ends when it says false.
   * Resolves with how many.
   */
  take(
    among: 'oldest' | 'all',
    choose: (dead: DeadMessage) => boolean,
    handle: (deliveries: readonly AmqpDelivery[]) => Promise<readonly boolean[]>,
  ): Promise<number> {
    return this.#look(async channel => {
      let left = among === 'all' ? Number.POSITIVE_INFINITY : WINDOW;
      let taken = 0;
      for (;;) {
        const { chunk, seen } = await this.#chunk(channel, choose, left);
        left -= seen;
        if (chunk.length === 0) return taken;
        const handled = await handle(chunk);
        for (const [index, delivery] of chunk.entries()) {
          if (handled[index] !== true) return taken;
          channel.ack(tagged(delivery.tag));
          taken += 1;
        }
      }
    }, 0);
  }

  /** Resolves with how many there were. */
  purge(): Promise<number> {
    return this.#look(async channel => (await channel.purgeQueue(this.#options.name)).messageCount, 0);
  }

  async #chunk(channel: Channel, choose: (dead: DeadMessage) => boolean, most: number) {
    const chunk: AmqpDelivery[] = [];
    let bytes = 0;
    let seen = 0;
    while (seen < most && chunk.length < CHUNK && bytes < CHUNK_BYTES) {
      const dead = await this.#next(channel);
      if (dead === undefined) break;
      seen += 1;
      if (!choose(dead)) continue;
      chunk.push(dead.delivery);
      bytes += dead.delivery.size;
    }
    return { chunk, seen };
  }

  async #next(channel: Channel): Promise<DeadMessage | undefined> {
    const message = await channel.get(this.#options.name);
    if (message === false) return undefined;
    return {
      delivery: new AmqpDelivery(message, this.#options.clock.now()),
      headers: message.properties.headers ?? {},
    };
  }

  /** Resolves with `without` when there is no such queue. */
  async #look<Result>(work: (channel: Channel) => Promise<Result>, without: Result): Promise<Result> {
    const look = this.#last.then(() => this.#open(work, without));
    this.#last = look.catch(() => {});
    return look;
  }

  async #open<Result>(work: (channel: Channel) => Promise<Result>, without: Result): Promise<Result> {
    const { name, connection, inspector } = this.#options;
    const live = connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${connection.trouble}`);
    try {
      return await onChannel(live, async channel => {
        try {
          return await work(channel);
        } finally {
          giveBackAll(channel);
        }
      });
    } catch (error) {
      if (replyCode(error) === 404) return without;
      if (replyCode(error) !== undefined) throw operationTrouble(`the queue ${name}`, error);
      throw error;
    } finally {
      inspector.forget(name);
    }
  }
}

/** Explicitly, because from RabbitMQ 4.3 on a nack does not count as a failed delivery. Without effect on a channel that is closed. */
function giveBackAll(channel: Channel): void {
  try {
    channel.nackAll(true);
  } catch {
    // The broker has closed the channel, and has everything back.
  }
}
