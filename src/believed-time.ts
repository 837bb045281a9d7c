import type { Clock } from './clock.js';

/** A wall clock may drift or be slewed by this much between two readings, ms. */
const toleranceMs = 5_000;
/** A jump of the clock is believed after this long, ms. */
const patienceMs = 3_600_000;

type Clocks = Pick<Clock, 'now' | 'monotonic'>;

/**
 * The wall clock, as far as it can be believed to judge an age by. What it said at the beginning is believed; a jump
 * counts only when it lasts, and until then the time goes on as the monotonic clock does. Doubt is cast on one
 * direction each: whatever `now` makes too old was so before the clock jumped ahead, and whatever `latest` leaves in
 * the future was so before it jumped back.
 */
export class BelievedTime {
  readonly #earliest: Doubter;
  readonly #latest: Doubter;

  constructor(clock: Clocks) {
    this.#earliest = new Doubter(clock, jumpMs => jumpMs > toleranceMs);
    this.#latest = new Doubter(clock, jumpMs => jumpMs < -toleranceMs);
  }

  /** Epoch ms; a jump ahead does not count at once, a jump back does. */
  now(): number {
    return this.#earliest.now();
  }

  /** Epoch ms; a jump back does not count at once, a jump ahead does. */
  latest(): number {
    return this.#latest.now();
  }
}

class Doubter {
  readonly #clock: Clocks;
  readonly #doubts: (jumpMs: number) => boolean;
  #last: { readonly wall: number; readonly monotonic: number };
  #since: number | undefined;

  constructor(clock: Clocks, doubts: (jumpMs: number) => boolean) {
    this.#clock = clock;
    this.#doubts = doubts;
    this.#last = { wall: clock.now(), monotonic: clock.monotonic() };
  }

  now(): number {
    const [wall, monotonic] = [this.#clock.now(), this.#clock.monotonic()];
    const expected = this.#last.wall + monotonic - this.#last.monotonic;
    if (this.#doubts(wall - expected)) {
      this.#since ??= monotonic;
      if (monotonic - this.#since < patienceMs) return expected;
    }
    this.#since = undefined;
    this.#last = { wall, monotonic };
    return wall;
  }
}
