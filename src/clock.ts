/** Time is injected, so that tests control it. */
export interface Clock {
  /** Wall clock, epoch ms. */
  now(): number;
  /** Monotonic ms: for intervals and deadlines. */
  monotonic(): number;
  /** Resolves after `ms`, or as soon as the signal aborts. Never rejects, and leaves no timer behind. */
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

/** Waits for the work, and no longer than that. @throws as the work does meanwhile */
export async function atMost(clock: Pick<Clock, 'sleep'>, ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, clock.sleep(ms, done.signal)]);
  done.abort();
}

/** A timer that can be stopped. Starting it while it runs changes nothing. */
export class Timer {
  #runs = false;
  /** The same one until a stop: making one costs more than all the rest. */
  #stopping = new AbortController();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(ms: number, onEnd: () => void): void {
    if (this.#runs) return;
    this.#runs = true;
    const { signal } = this.#stopping;
    this.#clock.sleep(ms, signal).then(() => {
      if (signal.aborted) return;
      this.#runs = false;
      onEnd();
    });
  }

  stop(): void {
    if (!this.#runs) return;
    this.#runs = false;
    this.#stopping.abort();
    this.#stopping = new AbortController();
  }
}
