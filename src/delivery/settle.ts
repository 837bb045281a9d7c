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
  /** Ends the retries. */
  readonly giveUp: AbortSignal;
}

/** At most this many rejected events of one settlement are logged; the dead letters hold them all. */
const maxRejectedLines = 10;

/**
 * A consumer's side of its queue. What it asks of the broker is done in order, and each thing is retried until it succeeds or shutdown's patience ends.
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
    this.#retries = new RetryQueue(clock, giveUp, (line, error, waitMs) =>
      log.warn({ reason: describe(error), waitMs }, line),
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
    for (const { delivery, reason, fault } of settlement.dead.slice(0, maxRejectedLines))
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

  /** Closes the queue after everything before it is done; what is not settled goes back to the broker. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#retries.done();
    await this.#subscription
      ?.close()
      .catch(error => this.#options.log.warn({ reason: describe(error) }, 'queue.unreachable'));
  }
}
