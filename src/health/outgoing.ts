import { type Backoff, backoff } from '../backoff.js';
import type { Durability, Message } from '../broker/broker.js';
import type { Clock } from '../clock.js';

export interface OutgoingOptions {
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  readonly clock: Clock;
  /** They are durable. */
  readonly onPublished: (ids: ReadonlySet<string>) => void;
  readonly onTrouble: (error: unknown, waitMs: number) => void;
  /** So many measurements are given up, the oldest ones: too many wait, or the daemon stops. */
  readonly onDropped: (count: number) => void;
  /** Measurements that may wait. */
  readonly most?: number;
}

/** Events on their way to the publisher: tried until they are durable, changes of state before measurements. */
export class Outgoing {
  #changes: readonly Message[] = [];
  #measurements: readonly Message[] = [];
  #trip: Promise<void> | undefined;
  #waits: Backoff;
  readonly #stopping = new AbortController();
  readonly #options: OutgoingOptions;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#waits = firstWait();
  }

  /** Changes are kept as long as it takes; measurements up to a bound. */
  add(changes: readonly Message[], measurements: readonly Message[]): void {
    const { most = 1_000, onDropped } = this.#options;
    this.#changes = [...this.#changes, ...changes];
    const waiting = [...this.#measurements, ...measurements];
    if (waiting.length > most) onDropped(waiting.length - most);
    this.#measurements = waiting.slice(-most);
    this.#trip ??= this.#travel();
  }

  /** Waits for the try that is under way, and makes no other one. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#trip;
    if (this.#measurements.length > 0) this.#options.onDropped(this.#measurements.length);
  }

  async #travel(): Promise<void> {
    const { publish, clock, onPublished, onTrouble } = this.#options;
    while (this.#changes.length + this.#measurements.length > 0) {
      const messages = [...this.#changes, ...this.#measurements];
      try {
        await publish(messages);
        const ids = new Set(messages.map(({ id }) => id));
        this.#changes = this.#changes.filter(({ id }) => !ids.has(id));
        this.#measurements = this.#measurements.filter(({ id }) => !ids.has(id));
        this.#waits = firstWait();
        onPublished(ids);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        const [waitMs, after] = this.#waits.next();
        this.#waits = after;
        onTrouble(error, waitMs);
        await clock.sleep(waitMs, this.#stopping.signal);
      }
      if (this.#stopping.signal.aborted) break;
    }
    this.#trip = undefined;
  }
}

function firstWait(): Backoff {
  return backoff({ firstMs: 500, mostMs: 30_000 });
}
