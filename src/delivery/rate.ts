import type { Clock } from '../clock.js';

/**
 * How fast events may go to one destination. What is written goes as a whole; the next write waits until it was its
 * turn, had the events gone one by one. Time that nobody used is not saved up.
 */
export class Rate {
  /** Events a second. */
  readonly limit: number;
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** When the next event may go, monotonic ms. */
  #next = Number.NEGATIVE_INFINITY;

  constructor(limit: number, clock: Pick<Clock, 'monotonic' | 'sleep'>) {
    this.limit = limit;
    this.#clock = clock;
  }

  /** Resolves when this many events may go; at once when the signal aborts. */
  async turn(count: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    const at = Math.max(now, this.#next);
    this.#next = at + (count * 1000) / this.limit;
    if (at > now) await this.#clock.sleep(at - now, signal);
  }
}
