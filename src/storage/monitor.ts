import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { repeat } from '../repeat.js';
import { RepeatedWarning } from '../repeated-warning.js';

export interface StorageMonitorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** What is looked at, one after the other, in every round. */
  readonly checks: readonly (() => void | Promise<void>)[];
}

const everyMs = 1_000;

/**
 * Looks every second at what may change under the running daemon: the disk, the folder, what
 * is known elsewhere of the database.
 */
export class StorageMonitor {
  readonly #options: StorageMonitorOptions;
  readonly #stop = new AbortController();
  readonly #warning: RepeatedWarning;
  readonly #running: Promise<void>;

  constructor(options: StorageMonitorOptions) {
    this.#options = options;
    this.#warning = new RepeatedWarning({ ...options, event: 'monitor.failed' });
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, checks } = this.#options;
    const { signal } = this.#stop;
    const check = async (): Promise<void> => {
      for (const each of checks) await each();
      this.#warning.clear();
    };
    await repeat(check, { clock, signal, everyMs, onError: error => this.#warning.warn(describe(error)) });
  }
}
