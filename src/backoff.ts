/**
 * Exponential backoff with full jitter, as a value: `next()` gives the wait in ms and the backoff to use after it.
 * The caller sleeps, abortably. Full jitter (a uniform draw from 0 to the ceiling) spreads the retries of many
 * daemons best (Marc Brooker, "Exponential Backoff And Jitter").
 */
export interface Backoff {
  next(): [waitMs: number, after: Backoff];
}

export interface BackoffOptions {
  /** Ceiling of the first wait, ms. */
  readonly firstMs: number;
  /** Ceiling of every wait, ms. */
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export function backoff(options: BackoffOptions, attempt = 0): Backoff {
  const { firstMs, maxMs, random = Math.random } = options;
  return {
    next: () => {
      const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
      return [Math.ceil(random() * ceiling), backoff(options, attempt + 1)];
    },
  };
}
