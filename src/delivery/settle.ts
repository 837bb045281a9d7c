import type { Broker, Delivery, Settlement, Subscription } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { RetryQueue } from '../retry.js';
import type { DeliveryMeter } from './meter.js';

export interface SettlerOptions {
  readonly sink: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: DeliveryMeter;
  /** Ends the tries. */
  readonly giveUp: AbortSignal;
}

/** So many rejected events of one settlement are logged one by one; the dead letters hold them all. */
const linesOfRejected = 10;

/**
 * A consumer's hold on its queue: what it tells the broker goes through here, in order, each thing until it is through or shutdown's patience ends.
 * Nothing here rejects.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #retries: RetryQueue;
  #subscription: Subscription | undefined;
  #ended = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
    const { clock, giveUp, log } = options;
    this.#retries = new RetryQueue(clock, giveUp, (complaint, error, waitMs) =>
      log.warn({ reason: describe(error), waitMs }, complaint),
    );
  }

  open(prefetch: number, onOpen: (subscription: Subscription) => void): void {
    const { broker, sink } = this.#options;
    this.#retries.add('queue.unreachable', async () => {
      if (this.#ended) return;
      this.#subscription = await broker.subscribe(sink, prefetch);
      if (!this.#ended) onOpen(this.#subscription);
    });
  }

  settle(settlement: Settlement): void {
    if (settlement.done.length === 0 && settlement.dead.length === 0) return;
    const { meter, sink, log } = this.#options;
    for (const { delivery, reason, fault } of settlement.dead.slice(0, linesOfRejected))
      log.warn({ id: delivery.id, fault, reason }, 'event.rejected');
    this.#retries.add('settlement.delayed', async () => {
      await this.#subscription?.settle(settlement);
      meter.settled(sink, settlement);
    });
  }

  /** Back to the queue, to be handed out again. */
  requeue(deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0)
      this.#retries.add('queue.unreachable', async () => this.#subscription?.requeue(deliveries));
  }

  /** Everything that is not settled goes back to the broker. */
  pause(): void {
    this.#retries.add('queue.unreachable', async () => this.#subscription?.pause());
  }

  resume(onResumed: () => void): void {
    this.#retries.add('queue.unreachable', async () => {
      await this.#subscription?.resume();
      onResumed();
    });
  }

  /** After everything before it; the rest goes back to the broker. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#retries.done();
    await this.#subscription
      ?.close()
      .catch(error => this.#options.log.warn({ reason: describe(error) }, 'queue.unreachable'));
  }
}
