import { backoff, backoffs } from '../../backoff.js';
import type { Clock } from '../../clock.js';
import { describe } from '../../errors.js';
import type { Message } from '../../events/message.js';
import type { SourceStore } from '../../source-store.js';
import type { SavedServerWindows, ServerWindows } from './server-windows.js';
import type { StubStatus } from './stub-status.js';

export interface PollerOptions {
  readonly ask: (signal: AbortSignal) => Promise<StubStatus>;
  readonly windows: ServerWindows;
  readonly windowMs: number;
  readonly store: SourceStore<SavedServerWindows>;
  readonly clock: Clock;
  readonly onAnswer: (status: StubStatus) => void;
  readonly onFault: (reason: string) => void;
}

const pollMs = 10_000;
const timeoutMs = 5_000;

/**
 * Asks nginx for its numbers, again and again, until it is closed. Events are committed together with what the next
 * ones go on from, so that a difference is counted once whatever happens in between.
 */
export class StubStatusPoller {
  readonly #options: PollerOptions;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** Made and not committed. */
  #made: readonly Message[] = [];

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  /** Saves the open window: the next start goes on with it. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { windows, store, clock, windowMs, onFault } = this.#options;
    const { signal } = this.#closing;
    await this.#untilDone(async () => {
      const saved = await store.load();
      if (saved !== undefined) windows.restore(saved);
    });
    // What is saved may not have been read.
    if (signal.aborted) return;
    while (!signal.aborted) {
      const began = clock.monotonic();
      await this.#sample();
      windows.closeUntil(clock.now());
      this.#made = [...this.#made, ...windows.takeClosed()];
      if (this.#made.length > 0) await this.#untilDone(() => this.#commit());
      await clock.sleep(Math.max(0, Math.min(pollMs, windowMs) - (clock.monotonic() - began)), signal);
    }
    await this.#commit().catch(error => onFault(describe(error)));
  }

  async #commit(): Promise<void> {
    const { windows, store } = this.#options;
    await store.commit(this.#made, windows.save());
    this.#made = [];
  }

  async #sample(): Promise<void> {
    const { ask, windows, clock, onAnswer, onFault } = this.#options;
    const { signal } = this.#closing;
    try {
      const status = await ask(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
      windows.add(status, clock.now());
      onAnswer(status);
    } catch (error) {
      if (!signal.aborted) onFault(describe(error));
    }
  }

  /** Tries until it succeeds, or the poller is closed. */
  async #untilDone(work: () => Promise<void>): Promise<void> {
    const { clock, onFault } = this.#options;
    const { signal } = this.#closing;
    let waits = backoff(backoffs.source);
    while (!signal.aborted) {
      try {
        return await work();
      } catch (error) {
        onFault(describe(error));
        const [waitMs, next] = waits.next();
        waits = next;
        await clock.sleep(waitMs, signal);
      }
    }
  }
}
