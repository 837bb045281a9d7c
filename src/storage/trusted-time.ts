import type { Clock } from '../clock.js';

/** A wall clock may drift or be slewed by this much between two readings, ms. */
const toleranceMs = 5_000;
/** Intervals in a row on which both clocks must agree. */
const wanted = 2;

export type Reading =
  /** Epoch ms. */
  | { readonly trusted: true; readonly now: number }
  /** `jumpMs`: how far the wall clock jumped since the last reading; 0 when it did not. */
  | { readonly trusted: false; readonly jumpMs: number };

/**
 * The wall clock, as far as it can be trusted to delete by: only after two intervals in a row in which it went as far
 * as the monotonic clock. A clock that jumps ahead, and is set right within the time of one interval, is never
 * believed.
 */
export class TrustedTime {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #last: { readonly wall: number; readonly monotonic: number };
  #agreed = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#last = { wall: clock.now(), monotonic: clock.monotonic() };
  }

  read(): Reading {
    const now = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const jumpMs = now.wall - this.#last.wall - (now.monotonic - this.#last.monotonic);
    this.#last = now;
    const agrees = Math.abs(jumpMs) <= toleranceMs;
    this.#agreed = agrees ? this.#agreed + 1 : 0;
    if (this.#agreed >= wanted) return { trusted: true, now: now.wall };
    return { trusted: false, jumpMs: agrees ? 0 : Math.round(jumpMs) };
  }
}
