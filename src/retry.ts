import { backoff, backoffs } from './backoff.js';
import type { Clock } from './clock.js';

export interface RetryOptions {
  readonly clock: Clock;
  /** Ends the retries. */
  readonly signal: AbortSignal;
  readonly onError: (error: unknown, waitMs: number) => void;
}

/**
 * For the few things that have to succeed (a settlement, opening a queue): tries until it works or the
 * signal aborts, with a backoff from 100 ms to 10 s. Never rejects. Retrying a sink is not its
 * business: that is supervisors/restart.ts.
 */
export async function retryUntilDone(
  work: () => Promise<void>,
  { clock, signal, onError }: RetryOptions,
): Promise<void> {
  let waits = backoff(backoffs.ownWork);
  while (!signal.aborted) {
    try {
      return await work();
    } catch (error) {
      const [waitMs, after] = waits.next();
      waits = after;
      onError(error, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Resolves when the work ends or the signal aborts, whichever is first. An error of the work goes to `onError`. */
export async function untilAborted(
  signal: AbortSignal,
  work: Promise<void>,
  onError: (error: unknown) => void,
): Promise<void> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<void>(resolve => {
    stop = resolve;
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', stop as () => void, { once: true });
  });
  await Promise.race([work.catch(onError), aborted]);
  if (stop !== undefined) signal.removeEventListener('abort', stop);
}

/** Work that is done in order, each piece retried until it succeeds. */
export class RetryQueue {
  #last: Promise<void> = Promise.resolve();
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onError: (line: string, error: unknown, waitMs: number) => void;

  constructor(clock: Clock, signal: AbortSignal, onError: (line: string, error: unknown, waitMs: number) => void) {
    this.#clock = clock;
    this.#signal = signal;
    this.#onError = onError;
  }

  /** @param line the log line of a failed try */
  add(line: string, work: () => Promise<void>): void {
    const options = {
      clock: this.#clock,
      signal: this.#signal,
      onError: (error: unknown, waitMs: number) => this.#onError(line, error, waitMs),
    };
    this.#last = this.#last.then(() => retryUntilDone(work, options));
  }

  /** Resolves when everything that was added so far is done, or the signal has aborted. */
  done(): Promise<void> {
    return this.#last;
  }
}
