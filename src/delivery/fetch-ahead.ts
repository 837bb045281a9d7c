import type { BatchLimits, Delivery, Subscription } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { retryUntilDone } from '../retry.js';

export interface FetchAheadOptions<Batch> {
  readonly limits: BatchLimits;
  /** Decodes what was fetched. */
  readonly prepare: (deliveries: readonly Delivery[]) => Promise<Batch>;
  /** Whether one more is to be fetched. */
  readonly isWanted: () => boolean;
  /** Called once for each fetch, when its batch is prepared. `turn` is for `arrived`. */
  readonly onFetched: (turn: number, batch: Batch) => void;
  /** A fetch failed, and is tried again. */
  readonly onError: (error: unknown, waitMs: number) => void;
  readonly clock: Clock;
}

/**
 * Keeps one fetch under way beside what is being written, while more is wanted. A fetch that was interrupted has an
 * old turn, and its batch is dropped: the deliveries went back to the broker with the pause.
 */
export class FetchAhead<Batch> {
  #turn = 0;
  #fetching = false;
  #stop = new AbortController();
  readonly #options: FetchAheadOptions<Batch>;

  constructor(options: FetchAheadOptions<Batch>) {
    this.#options = options;
  }

  start(subscription: Subscription): void {
    if (this.#fetching || !this.#options.isWanted()) return;
    this.#fetching = true;
    const turn = this.#turn;
    const { limits, prepare, onFetched, onError, clock } = this.#options;
    const { signal } = this.#stop;
    let deliveries: Delivery[] | undefined;
    const fetch = async (): Promise<void> => {
      deliveries ??= await subscription.next(limits, signal);
      onFetched(turn, await prepare(deliveries));
    };
    void retryUntilDone(fetch, { clock, signal, onError });
  }

  /** True when the batch belongs to the current turn; the next fetch may start then. */
  arrived(turn: number): boolean {
    if (turn !== this.#turn) return false;
    this.#fetching = false;
    return true;
  }

  interrupt(): void {
    this.#turn += 1;
    this.#fetching = false;
    this.#stop.abort();
    this.#stop = new AbortController();
  }
}
