import type { Clock } from './clock.js';

/** A wall clock may drift or be slewed by this much between two readings, ms. */
const toleranceMs = 5_000;
/** A clock that jumped ahead is believed after this long, ms. */
const patienceMs = 3_600_000;

/**
 * The wall clock, as far as it can be believed to judge an age by: a jump ahead counts only when it lasts, and until then the time goes on as the
 * monotonic clock does. A jump back counts at once, as nothing is too old by it. What the clock said at the beginning is believed.
 */
export class BelievedTime {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  #last: { readonly wall: number; readonly monotonic: number };
  #aheadSince: number | undefined;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#last = { wall: clock.now(), monotonic: clock.monotonic() };
  }

  /** Epoch ms. */
  now(): number {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const expected = this.#last.wall + monotonic - this.#last.monotonic;
    if (wall - expected > toleranceMs) {
      this.#aheadSince ??= monotonic;
      if (monotonic - this.#aheadSince < patienceMs) return expected;
    }
    this.#aheadSince = undefined;
    this.#last = { wall, monotonic };
    return wall;
  }
}
