import type { Clock } from '../../../clock.js';
import { describe } from '../../../errors.js';
import { ascendingId } from '../../../events/identity.js';
import { isEpochMs } from '../../../events/timestamp.js';
import type { Log } from '../../../log.js';
import { retryUntilDone } from '../../../retry.js';
import type { Storage } from '../../../storage/storage.js';
import type { Delivery } from '../../broker.js';
import type { AmqpDelivery } from './delivery.js';

export interface NamesOptions {
  readonly queue: string;
  readonly storage: Pick<Storage, 'write'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Ids for the messages of one queue that have neither a message-id nor a time in their body: nothing in them tells two equal messages from one
 * that is delivered twice. Only the broker's `redelivered` does, and what was kept here. An id is on the disk before the message is handed out, and
 * leaves when its settlement was sent on a channel that lives.
 */
export class Names {
  readonly #options: NamesOptions;
  /** In hand. */
  readonly #held = new Map<Delivery, string>();

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /** Names those that need it. Resolves with true when the ids are durable, with false when the signal has aborted before. */
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
      const ids = await storage.write('nameMessages', { queue, messages, held: [...this.#held.values()] });
      for (const [index, delivery] of unnamed.entries()) {
        delivery.name(ids[index] as string);
        this.#held.set(delivery, delivery.id);
      }
      named = true;
    };
    const onError = (error: unknown, waitMs: number): void =>
      log.warn({ queue, reason: describe(error), waitMs }, 'message-ids.unavailable');
    await retryUntilDone(name, { clock, signal, onError });
    return named;
  }

  /** Their settlement was sent. An id that cannot be deleted now leaves within a day. */
  settled(deliveries: readonly Delivery[]): void {
    const ids = deliveries.flatMap(delivery => this.#held.get(delivery) ?? []);
    if (ids.length === 0) return;
    this.givenBack(deliveries);
    const { queue, storage, log } = this.#options;
    storage
      .write('forgetUnnamed', { queue, ids })
      .catch(error => log.debug({ queue, reason: describe(error) }, 'message-ids.kept'));
  }

  /** They will be redelivered. */
  givenBack(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#held.delete(delivery);
  }
}
