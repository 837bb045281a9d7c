import type { Clock } from '../src/clock.js';

/** So many restarts of the spine in so long, and the daemon gives up: the platform restarts it whole. */
export const spineIntensity = { restarts: 5, withinMs: 60_000 } as const;

/** Restart intensity, as of OTP supervisors: counts failures within a sliding span of time. */
export class Intensity {
  #failures: number[] = [];
  readonly #clock: Clock;
  readonly #limit: { readonly restarts: number; readonly withinMs: number };

  constructor(clock: Clock, limit: { readonly restarts: number; readonly withinMs: number } = spineIntensity) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** False when there have been too many: give up. */
  allows(): boolean {
    const now = this.#clock.monotonic();
    this.#failures = [...this.#failures, now].filter(at => now - at < this.#limit.withinMs);
    return this.#failures.length <= this.#limit.restarts;
  }

  /** How many failures are remembered: a wait before the next start grows with it. */
  get recent(): number {
    return this.#failures.length;
  }
}
