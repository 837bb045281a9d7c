import { backoff, backoffs } from './backoff.js';
import type { Clock } from './clock.js';

export interface RetryOptions {
  readonly clock: Clock;
  /** Ends the tries. */
  readonly signal: AbortSignal;
  readonly onError: (error: unknown, waitMs: number) => void;
}

/**
 * For the few things of our own that must go through (a settlement, opening a queue): tries until it works or the signal aborts, with a backoff
 * from 100 ms to 10 s. Never rejects. Retrying a sink is not its business: that is supervisors/restart.ts.
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

/** Resolves when the work settles or the signal aborts, whichever is first; an error of the work is handed to `onError`. */
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

/** Work that must be done in order, each until it is through. */
export class RetryQueue {
  #last: Promise<void> = Promise.resolve();
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #complain: (complaint: string, error: unknown, waitMs: number) => void;

  constructor(
    clock: Clock,
    signal: AbortSignal,
    complain: (complaint: string, error: unknown, waitMs: number) => void,
  ) {
    this.#clock = clock;
    this.#signal = signal;
    this.#complain = complain;
  }

  /** `complaint` is the log line of a failed try. */
  add(complaint: string, work: () => Promise<void>): void {
    const options = {
      clock: this.#clock,
      signal: this.#signal,
      onError: (error: unknown, waitMs: number) => this.#complain(complaint, error, waitMs),
    };
    this.#last = this.#last.then(() => retryUntilDone(work, options));
  }

  /** Resolves when everything that was added so far is through, or given up. */
  done(): Promise<void> {
    return this.#last;
  }
}
