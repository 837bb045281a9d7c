import type { Clock } from './clock.js';

export interface RepeatOptions {
  /** From the end of one time to the beginning of the next, ms. */
  readonly everyMs: number;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** A time that failed is followed by the next as any other. Not called for what fails because of the end. */
  readonly onError: (error: unknown) => void;
}

/** Does the work now, and again and again, until the signal aborts. Never rejects. */
export async function repeat(
  work: () => Promise<void>,
  { everyMs, clock, signal, onError }: RepeatOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) onError(error);
    }
    await clock.sleep(everyMs, signal);
  }
}
