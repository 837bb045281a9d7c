import type { Channel } from 'amqplib';
import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import { onChannel } from '../channel.js';
import type { Connection } from '../connection.js';
import { AmqpDelivery, tagged } from '../consume/delivery.js';
import { operationError, replyCode } from '../errors.js';
import type { Inspector } from '../topology/inspector.js';

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
    return this.#inTurn(async look => {
      for (let seen = 0; seen < WINDOW; seen += 1) {
        const dead = await look.next();
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
    return this.#inTurn(async look => {
      let left = among === 'all' ? Number.POSITIVE_INFINITY : WINDOW;
      let taken = 0;
      for (;;) {
        const { chunk, seen } = await chunkOf(look, choose, left);
        left -= seen;
        if (chunk.length === 0) return taken;
        const handled = await handle(chunk);
        for (const [index, delivery] of chunk.entries()) {
          if (handled[index] !== true) return taken;
          look.remove(delivery);
          taken += 1;
        }
      }
    }, 0);
  }

  /** Resolves with how many there were. */
  purge(): Promise<number> {
    return this.#inTurn(look => look.purge(), 0);
  }

  /** Resolves with `without` when there is no such queue. */
  async #inTurn<Result>(work: (look: Look) => Promise<Result>, without: Result): Promise<Result> {
    const turn = this.#last.then(() => this.#look(work, without));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #look<Result>(work: (look: Look) => Promise<Result>, without: Result): Promise<Result> {
    const { name, connection, inspector, clock } = this.#options;
    const live = connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${connection.error}`);
    let out = 0;
    try {
      return await onChannel(live, async channel => {
        const look = new Look(channel, name, clock.now());
        try {
          return await work(look);
        } finally {
          out = look.out;
          look.giveBack();
        }
      });
    } catch (error) {
      if (replyCode(error) === 404) return without;
      if (replyCode(error) !== undefined) throw operationError(`the queue ${name}`, error);
      throw error;
    } finally {
      await this.#whenBack(out);
      inspector.forget(name);
    }
  }

  /** A quorum queue takes back what it is given a moment later; the next look should find it. */
  async #whenBack(count: number): Promise<void> {
    const { name, inspector, clock } = this.#options;
    for (let tries = 0; count > 0 && tries < 20; tries += 1) {
      const look = await inspector.lookNow(name).catch(() => undefined);
      if (look === undefined || look.messages >= count) return;
      await clock.sleep(10);
    }
  }
}

/** What is out of the queue during one look. */
class Look {
  /** How many. */
  out = 0;
  readonly #channel: Channel;
  readonly #name: string;
  readonly #now: number;

  constructor(channel: Channel, name: string, now: number) {
    this.#channel = channel;
    this.#name = name;
    this.#now = now;
  }

  async next(): Promise<DeadMessage | undefined> {
    const message = await this.#channel.get(this.#name);
    if (message === false) return undefined;
    this.out += 1;
    return { delivery: new AmqpDelivery(message, this.#now), headers: message.properties.headers ?? {} };
  }

  remove({ tag }: AmqpDelivery): void {
    this.#channel.ack(tagged(tag));
    this.out -= 1;
  }

  async purge(): Promise<number> {
    return (await this.#channel.purgeQueue(this.#name)).messageCount;
  }

  /** Explicitly, because from RabbitMQ 4.3 on a nack does not count as a failed delivery. */
  giveBack(): void {
    try {
      if (this.out > 0) this.#channel.nackAll(true);
    } catch {
      // The broker has closed the channel, and has everything back.
    }
  }
}

async function chunkOf(look: Look, choose: (dead: DeadMessage) => boolean, max: number) {
  const chunk: AmqpDelivery[] = [];
  let bytes = 0;
  let seen = 0;
  while (seen < max && chunk.length < CHUNK && bytes < CHUNK_BYTES) {
    const dead = await look.next();
    if (dead === undefined) break;
    seen += 1;
    if (!choose(dead)) continue;
    chunk.push(dead.delivery);
    bytes += dead.delivery.size;
  }
  return { chunk, seen };
}
