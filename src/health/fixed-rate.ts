/**
 * The beats of one target on a monotonic clock: `first`, and then every `intervalMs` after it, however late a timer fires and however long a run takes.
 * Beats that pass during a run are skipped, not made up for.
 */
export class Rhythm {
  #beat = -1;
  /** Beats that no run began at. */
  skipped = 0;
  readonly #first: number;
  readonly #intervalMs: number;

  constructor(first: number, intervalMs: number) {
    this.#first = first;
    this.#intervalMs = intervalMs;
  }

  /** ms to wait for the next beat. */
  next(now: number): number {
    const passed = Math.ceil((now - this.#first) / this.#intervalMs);
    const beat = Math.max(this.#beat + 1, passed);
    this.skipped += beat - this.#beat - 1;
    this.#beat = beat;
    return Math.max(0, this.#first + beat * this.#intervalMs - now);
  }
}

/** Where in the interval the targets begin, so that they do not all look at once: a share from 0 to 1. */
export function spread(index: number, count: number): number {
  return count === 0 ? 0 : index / count;
}
