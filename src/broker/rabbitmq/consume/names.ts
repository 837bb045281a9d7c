import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import { ascendingId } from '../../../events/identity.js';
import { isEpochMs } from '../../../events/timestamp.js';
import type { Log } from '../../../log.js';
import { retryUntilDone } from '../../../retry.js';
import type { Storage } from '../../../storage/storage.js';
import type { Delivery } from '../../broker.js';
import type { AmqpDelivery } from './delivery.js';

/**
 * A broker that has not noticed yet that a connection is gone gives back what it sent there only then: at the latest
 * after two heartbeats, ms.
 */
const minDoubtMs = 300_000;

export interface NamesOptions {
  readonly queue: string;
  readonly storage: Pick<Storage, 'write'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Named {
  readonly id: string;
  readonly hash: string;
}

interface Doubt {
  readonly hash: string;
  /** Monotonic ms. */
  readonly since: number;
}

/**
 * Ids for the messages of one queue that have neither a message-id nor a time in their body: nothing in them tells two
 * equal messages from one that is delivered twice. Only the broker's `redelivered` does, and what was kept here. An id
 * is on the disk before the message is handed out.
 *
 * in hand → acknowledged (on the disk before the acknowledgement is sent) → forgotten, once the broker has worked
 * through everything that the channel sent. A channel that is lost before leaves its acknowledged ids in doubt: the
 * message may come again, or not. They are forgotten when a message comes that is no redelivery, some minutes later,
 * since the broker gives back what it has again before anything new; and at once where a message with the same bytes
 * had arrived and was not handed out, since that one is another.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #held = new Map<Delivery, Named>();
  /** By id: the hash. */
  readonly #acknowledged = new Map<string, string>();
  /** By id. */
  readonly #doubtful = new Map<string, Doubt>();
  /** Those of the last run are among them. */
  #complete = false;

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /**
   * Names those that need it. Resolves with true when the ids are durable, with false when the signal has aborted
   * before.
   */
  async give(
    deliveries: readonly AmqpDelivery[],
    isHeld: (delivery: Delivery) => boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const unnamed = deliveries.filter(({ unnamed }) => unnamed !== undefined);
    if (unnamed.length === 0) return true;
    // What a lost channel had handed out comes again.
    for (const delivery of this.#held.keys()) if (!isHeld(delivery)) this.#held.delete(delivery);
    const { queue, storage, clock, log } = this.#options;
    const messages = unnamed.map(({ unnamed: hash, redelivered, timestamp, received }) => ({
      hash: hash as string,
      redelivered,
      fresh: ascendingId([timestamp, received].find(isEpochMs) ?? clock.now()),
    }));
    let named = false;
    const name = async (): Promise<void> => {
      await this.#readDoubtful();
      const held = [...this.#held.values()].map(({ id }) => id);
      const ids = await storage.write('nameMessages', { queue, messages, held });
      for (const [index, delivery] of unnamed.entries()) {
        const id = ids[index] as string;
        delivery.name(id);
        this.#held.set(delivery, { id, hash: messages[index]!.hash });
        this.#acknowledged.delete(id);
        this.#doubtful.delete(id);
      }
      if (unnamed.some(({ redelivered }) => !redelivered)) this.#endDoubts();
      named = true;
    };
    const onError = (error: unknown, waitMs: number): void =>
      log.warn({ queue, reason: describe(error), waitMs }, 'message-ids.unavailable');
    await retryUntilDone(name, { clock, signal, onError });
    return named;
  }

  /**
   * Their settlement is about to be sent. Without a disk that takes it, it is sent all the same: then a redelivery may
   * take one of their ids.
   */
  async settling(deliveries: readonly Delivery[]): Promise<void> {
    const ids = this.#namedOf(deliveries).map(({ id }) => id);
    if (ids.length === 0) return;
    const { queue, storage, log } = this.#options;
    await storage
      .write('acknowledgeUnnamed', { queue, ids })
      .catch(error => log.debug({ queue, reason: describe(error) }, 'message-ids.kept'));
  }

  /**
   * Their settlement was sent. `proof` asks the broker for an answer on the same channel, which comes after it has the
   * settlement.
   */
  settled(deliveries: readonly Delivery[], proof: () => Promise<unknown>): void {
    const named = this.#namedOf(deliveries);
    if (named.length === 0) return;
    this.givenBack(deliveries);
    for (const { id, hash } of named) this.#acknowledged.set(id, hash);
    const ids = named.map(({ id }) => id);
    proof().then(
      () => this.#forget(ids),
      // The channel is lost.
      () => this.#doubt(ids),
    );
  }

  /** They will be redelivered. */
  givenBack(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#held.delete(delivery);
  }

  /** A channel is gone, with messages that had arrived and were not handed out. */
  lost(unseen: readonly AmqpDelivery[]): void {
    this.#doubt([...this.#acknowledged.keys()]);
    if (this.#doubtful.size === 0) return;
    const others = new Set(unseen.map(({ unnamed }) => unnamed));
    this.#forget([...this.#doubtful].filter(([, { hash }]) => others.has(hash)).map(([id]) => id));
  }

  async #readDoubtful(): Promise<void> {
    if (this.#complete) return;
    const { queue, storage, clock } = this.#options;
    const since = clock.monotonic();
    for (const [id, hash] of await storage.write('acknowledgedUnnamed', { queue }))
      this.#doubtful.set(id, { hash, since });
    this.#complete = true;
  }

  #doubt(ids: readonly string[]): void {
    const since = this.#options.clock.monotonic();
    for (const id of ids) {
      const hash = this.#acknowledged.get(id);
      if (hash !== undefined) this.#doubtful.set(id, { hash, since });
      this.#acknowledged.delete(id);
    }
  }

  #endDoubts(): void {
    const before = this.#options.clock.monotonic() - minDoubtMs;
    this.#forget([...this.#doubtful].filter(([, { since }]) => since <= before).map(([id]) => id));
  }

  #namedOf(deliveries: readonly Delivery[]): Named[] {
    return deliveries.flatMap(delivery => this.#held.get(delivery) ?? []);
  }

  /** An id that cannot be deleted now leaves within a day. */
  #forget(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#acknowledged.delete(id);
      this.#doubtful.delete(id);
    }
    const { queue, storage, log } = this.#options;
    storage
      .write('forgetUnnamed', { queue, ids })
      .catch(error => log.debug({ queue, reason: describe(error) }, 'message-ids.kept'));
  }
}
