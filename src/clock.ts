/** Time and chance are injected, so that tests own them. */
export interface Clock {
  /** Wall clock, epoch ms. */
  now(): number;
  /** Monotonic ms: for intervals and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or at once (without an error) when the signal aborts. The timer is gone in either case. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, 2 ** 31 - 1));
      signal?.addEventListener('abort', done, { once: true });
    }),
};
