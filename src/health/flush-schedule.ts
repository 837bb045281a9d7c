import type { Clock } from '../clock.js';

/**
 * What many targets have to write goes at the same moment, so that it shares a commit: 200 targets make a few writes a
 * second, rather than one each.
 */
export class FlushSchedule {
  #next: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #clock: Clock;
  readonly #everyMs: number;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** The same moment for all who ask before it. */
  readonly next = (): Promise<void> => {
    this.#next ??= this.#clock.sleep(this.#everyMs, this.#closing.signal).then(() => {
      this.#next = undefined;
    });
    return this.#next;
  };

  /** From now on, at once. */
  close(): void {
    this.#closing.abort();
  }
}
