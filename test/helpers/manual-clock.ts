import type { Clock } from '../../src/clock.js';

interface Sleeper {
  readonly due: number;
  wake(): void;
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #sleepers: Sleeper[] = [];

  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const sleeper: Sleeper = {
        due: this.#now + ms,
        wake: () => {
          this.#sleepers = this.#sleepers.filter(other => other !== sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  /** Moves time on, wakes whoever is due, and lets the work that follows from it run. */
  async pass(ms: number): Promise<void> {
    this.#now += ms;
    for (const sleeper of this.#sleepers.filter(({ due }) => due <= this.#now)) sleeper.wake();
    await settled();
  }
}

/** Resolves once everything that waits only for resolved promises has run. */
export function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
