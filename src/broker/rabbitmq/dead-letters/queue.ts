import type { Channel } from 'amqplib';
import type { Clock } from '../../../clock.js';
import { TransientError } from '../../../errors.js';
import { onChannel } from '../channel.js';
import type { Connection } from '../connection.js';
import { AmqpDelivery, tagged } from '../consume/delivery.js';
import { operationError, replyCode } from '../errors.js';
import type { Inspector } from '../topology/inspector.js';

/** A dead letter as its queue holds it. */
export interface DeadMessage {
  readonly delivery: AmqpDelivery;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** taken: it leaves the queue · left: it stays, the rest goes on · stop: it stays, and so does the rest. */
export type Handled = 'taken' | 'left' | 'stop';

export interface DeadLetterQueueOptions {
  readonly name: string;
  readonly connection: Connection;
  readonly inspector: Inspector;
  readonly clock: Clock;
}

/**
 * Dead letters that are looked at when some are listed, or wanted by key. Always the same number: a quorum queue puts
 * what was given back behind what had been given back before, so that reads of different lengths would change its
 * order.
 */
const browseLimit = 1_000;
/** Dead letters, and bytes of them, that are handled at once. */
const chunkSize = 100;
const chunkBytes = 4 * 1024 * 1024;

/**
 * One queue of dead letters, read from the oldest on. A queue has no index, and reading takes the messages out: so one
 * reads at a time, on a channel of its own, and gives back everything in the end.
 */
export class DeadLetterQueue {
  readonly #options: DeadLetterQueueOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options;
  }

  async count(): Promise<number> {
    return (await this.#options.inspector.inspect(this.#options.name))?.messages ?? 0;
  }

  /** Hands the oldest to `visit`, one after the other. */
  read(visit: (dead: DeadMessage) => void): Promise<void> {
    return this.#inTurn(async browsing => {
      for (let seen = 0; seen < browseLimit; seen += 1) {
        const dead = await browsing.next();
        if (dead === undefined) return;
        visit(dead);
      }
    }, undefined);
  }

  /**
   * Takes out those that are chosen and that `handle` has taken, among the oldest or among all. Ends when it says stop.
   * Resolves with how many it took out.
   */
  take(
    among: 'oldest' | 'all',
    choose: (dead: DeadMessage) => boolean,
    handle: (deliveries: readonly AmqpDelivery[]) => Promise<readonly Handled[]>,
  ): Promise<number> {
    return this.#inTurn(async browsing => {
      let left = among === 'all' ? Number.POSITIVE_INFINITY : browseLimit;
      let taken = 0;
      for (;;) {
        const { chunk, seen } = await chunkOf(browsing, choose, left);
        left -= seen;
        if (chunk.length === 0) return taken;
        const handled = await handle(chunk);
        for (const [index, delivery] of chunk.entries()) {
          if (handled[index] === 'stop') return taken;
          if (handled[index] === 'left') continue;
          browsing.remove(delivery);
          taken += 1;
        }
      }
    }, 0);
  }

  /** Resolves with how many it removed. */
  purge(): Promise<number> {
    return this.#inTurn(browsing => browsing.purge(), 0);
  }

  /** Resolves with `without` when there is no such queue. */
  async #inTurn<Result>(work: (browsing: Browsing) => Promise<Result>, without: Result): Promise<Result> {
    const turn = this.#last.then(() => this.#browse(work, without));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #browse<Result>(work: (browsing: Browsing) => Promise<Result>, without: Result): Promise<Result> {
    const { name, connection, inspector, clock } = this.#options;
    const live = connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${connection.error}`);
    let out = 0;
    try {
      return await onChannel(live, async channel => {
        const browsing = new Browsing(channel, name, clock.now());
        try {
          return await work(browsing);
        } finally {
          out = browsing.out;
          browsing.giveBack();
        }
      });
    } catch (error) {
      if (replyCode(error) === 404) return without;
      if (replyCode(error) !== undefined) throw operationError(`the queue ${name}`, error, 'read');
      throw error;
    } finally {
      await this.#whenBack(out);
      inspector.forget(name);
    }
  }

  /** A quorum queue shows what it was given back a moment later; the next reader should find it. */
  async #whenBack(count: number): Promise<void> {
    const { name, inspector, clock } = this.#options;
    for (let tries = 0; count > 0 && tries < 20; tries += 1) {
      const depth = await inspector.inspectNow(name).catch(() => undefined);
      if (depth === undefined || depth.messages >= count) return;
      await clock.sleep(10);
    }
  }
}

/** Messages taken out of the queue by one reader. */
class Browsing {
  /** How many are out now. */
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

  /** Explicitly: from RabbitMQ 4.3 on a nack, unlike a closed channel, does not count as a failed delivery. */
  giveBack(): void {
    try {
      if (this.out > 0) this.#channel.nackAll(true);
    } catch {
      // The broker has closed the channel, and has everything back.
    }
  }
}

async function chunkOf(browsing: Browsing, choose: (dead: DeadMessage) => boolean, max: number) {
  const chunk: AmqpDelivery[] = [];
  let bytes = 0;
  let seen = 0;
  while (seen < max && chunk.length < chunkSize && bytes < chunkBytes) {
    const dead = await browsing.next();
    if (dead === undefined) break;
    seen += 1;
    if (!choose(dead)) continue;
    chunk.push(dead.delivery);
    bytes += dead.delivery.size;
  }
  return { chunk, seen };
}
