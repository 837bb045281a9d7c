import type { Broker, Delivery, Settlement, Subscription } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe, type Fault, faultOf } from '../errors.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import { RetryQueue } from '../retry.js';

/** Why something could not be settled. */
export interface SettlementError {
  readonly fault: Fault;
  readonly message: string;
  /** Epoch ms. */
  readonly at: number;
}

export interface SettlerOptions {
  readonly sink: string;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the retries. */
  readonly giveUp: AbortSignal;
  /** The broker does not keep this many dead letters, for this reason; or (0) it does again. */
  readonly onUnsettled?: (count: number, error: SettlementError | undefined) => void;
}

/** Characters of why an event was set aside. RabbitMQ takes 64 KiB of headers, and a character may be 3 bytes. */
const maxReasonLength = 4_000;

/** At most this many rejected events of one settlement are logged; the dead letters hold them all. */
const maxRejectedLines = 10;

/**
 * A consumer's side of its queue. What it asks of the broker is done in order, and each thing is retried until it succeeds or the shutdown runs out of time.
 * Nothing here rejects.
 *
 * Dead letters go beside the rest: they are published before they leave the queue, and what may keep them (a queue that is full, a permission)
 * concerns nothing else. They stay unsettled meanwhile, so the consumer's prefetch bounds how many can wait.
 */
export class Settler {
  readonly #options: SettlerOptions;
  readonly #retries: RetryQueue;
  readonly #deadLetters: RetryQueue;
  readonly #warning: RepeatedWarning;
  #subscription: Subscription | undefined;
  #ended = false;
  /** Dead letters that were handed over and are not settled. */
  #waiting = 0;
  #pauses = 0;
  #failing = false;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#warning = new RepeatedWarning({ ...options, event: 'dead-letters.delayed' });
    const { clock, giveUp, log, onUnsettled } = options;
    this.#retries = new RetryQueue(clock, giveUp, (line, error, waitMs) =>
      log.warn({ reason: describe(error), waitMs }, line),
    );
    this.#deadLetters = new RetryQueue(clock, giveUp, (_line, error) => {
      this.#warning.warn(describe(error));
      this.#failing = true;
      onUnsettled?.(this.#waiting, { fault: faultOf(error), message: describe(error), at: clock.now() });
    });
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
    const { log, onUnsettled } = this.#options;
    const { dead: given, ...rest } = settlement;
    const dead = given.map(one => ({ ...one, reason: shown(one.reason) }));
    for (const { delivery, reason, fault } of dead.slice(0, maxRejectedLines))
      log.warn({ id: delivery.id, fault, reason }, 'event.rejected');
    if (rest.done.length > 0) this.#retries.add('settlement.delayed', () => this.#settle({ ...rest, dead: [] }));
    if (dead.length === 0) return;
    this.#waiting += dead.length;
    const pauses = this.#pauses;
    this.#deadLetters.add('dead-letters.delayed', async () => {
      // They went back to the queue with a pause, and will come again.
      if (pauses === this.#pauses) await this.#settle({ done: [], duplicates: 0, filtered: 0, dead });
      this.#waiting -= dead.length;
      this.#warning.clear();
      if (this.#failing) onUnsettled?.(0, undefined);
      this.#failing = false;
    });
  }

  async #settle(settlement: Settlement): Promise<void> {
    await this.#subscription?.settle(settlement);
  }

  /** Back to the queue, to be handed out again. */
  requeue(deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0)
      this.#retries.add('queue.unreachable', async () => this.#subscription?.requeue(deliveries));
  }

  /** Everything that is not settled goes back to the broker. */
  pause(): void {
    this.#pauses += 1;
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
    await Promise.all([this.#retries.done(), this.#deadLetters.done()]);
    await this.#subscription
      ?.close()
      .catch(error => this.#options.log.warn({ reason: describe(error) }, 'queue.unreachable'));
  }
}

/** Many events may share a reason that a server chose; and it is shown on terminals. */
function shown(reason: string): string {
  return reason.slice(0, maxReasonLength).replace(/\p{C}+/gu, ' ');
}
