export interface PaceOptions {
  /** Events of one write at most, as the sink is configured. */
  readonly limit: number;
  /** A write that takes longer is given up, ms. */
  readonly deadlineMs: number;
}

/** As a share of the deadline: a write that takes longer is followed by a smaller one, any other by a larger one. */
const slow = 1 / 3;
/** A step of growth, and what a write that is merely slow does not shrink below, as a share of the limit. */
const step = 1 / 16;

/**
 * How many events go into one write, as the destination answers: additive increase, multiplicative decrease. A write
 * that fails because the destination cannot take it now (a time-out, 429, 503) is followed by one of half as many
 * events, down to one; one that takes long, though it succeeds, by half as many, so that a destination that slows down
 * goes on to be served well within the deadline. After any other write, small ones included, the next may be larger, up
 * to the limit, so that a destination that takes seconds for each request has large ones again after an outage; where
 * that was too much, it is halved again.
 */
export class Pace {
  readonly #options: PaceOptions;
  #size: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#size = options.limit;
  }

  /** Events of the next write, at most. */
  get size(): number {
    return this.#size;
  }

  get isAtLimit(): boolean {
    return this.#size === this.#options.limit;
  }

  isSlow(milliseconds: number): boolean {
    return milliseconds > this.#options.deadlineMs * slow;
  }

  /** A write of this many events succeeded. */
  written(count: number, milliseconds: number): void {
    const { limit } = this.#options;
    const part = Math.ceil(limit * step);
    if (this.isSlow(milliseconds)) this.#size = Math.max(half(Math.min(count, this.#size)), part);
    else this.#size = Math.min(limit, this.#size + part);
  }

  /** The destination could not take a write of this many events now. */
  failed(count: number): void {
    this.#size = Math.min(this.#size, half(count));
  }
}

function half(count: number): number {
  return Math.max(1, Math.floor(count / 2));
}
