/**
 * The ticks of one target on a monotonic clock: `first`, and then every `intervalMs` after it, however late a timer
 * fires and however long a run takes. Ticks that pass during a run are skipped, not made up for.
 */
export class FixedRate {
  #tick = -1;
  /** Ticks at which no run began. */
  skipped = 0;
  readonly #first: number;
  readonly #intervalMs: number;

  constructor(first: number, intervalMs: number) {
    this.#first = first;
    this.#intervalMs = intervalMs;
  }

  /** Time to wait for the next tick, ms. */
  next(now: number): number {
    // The first is late by the time that it took to get here, and is not skipped for that.
    const passed = this.#tick < 0 ? 0 : Math.ceil((now - this.#first) / this.#intervalMs);
    const tick = Math.max(this.#tick + 1, passed);
    this.skipped += tick - this.#tick - 1;
    this.#tick = tick;
    return Math.max(0, this.#first + tick * this.#intervalMs - now);
  }

  /** The tick that `next` gave is still to come: a run before it does not take its place. */
  giveBack(): void {
    this.#tick -= 1;
  }
}

/** Where a target stands among the others. */
export interface Place {
  /** Time from the start to its first tick, ms. */
  readonly delayMs: number;
  /** From that to the first tick of the next target, ms. */
  readonly apartMs: number;
}

/**
 * First ticks that lie close together are one moment, ms: runs that begin together find the processor awake and its
 * caches warm, and take half the time of those that begin one by one. Where there are few targets, they stay apart.
 */
const togetherMs = 200;
/** More would measure each other: the processor time of a TLS handshake is in the response times of the rest. */
const maxTogether = 8;

/** The moment in which a target begins whose first tick would be then, on a monotonic clock. */
export function together(first: number, apartMs: Place['apartMs']): number {
  const momentMs = Math.min(togetherMs, maxTogether * apartMs);
  return momentMs > 0 ? Math.ceil(first / momentMs) * momentMs : first;
}

/** Between two runs of a target, where somebody asks for one before its tick, ms. */
export const minBetweenMs = 1_000;

/** Where in the interval the targets begin, so that they are not all checked at once: a share from 0 to 1. */
export function spread(index: number, count: number): number {
  return count === 0 ? 0 : index / count;
}
