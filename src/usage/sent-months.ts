import type { Clock } from '../clock.js';

/** Requests that follow each other within this time belong together, ms: whoever has to wait comes back sooner. */
const pauseMs = 600_000;

/**
 * Months into which an import, or a recording, is being sent: not closed before that is over. All months of one import
 * wait for its last one, because it may go through the same time once more: the next log of the same year.
 */
export class SentMonths {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #months = new Set<number>();
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A request has come, also one that is to come again later. */
  note(months: Iterable<number>): void {
    const sent = this.#isSending() ? this.#months : [];
    this.#months = new Set([...sent, ...months]);
    this.#lastAt = this.#clock.monotonic();
  }

  /** Those of now. */
  list(): ReadonlySet<number> {
    return this.#isSending() ? this.#months : new Set();
  }

  #isSending(): boolean {
    return this.#clock.monotonic() - this.#lastAt <= pauseMs;
  }
}
