import type { Clock } from '../../../clock.js';
import type { Connection } from '../connection.js';
import type { Topology } from './topology.js';

/** Between two checks, ms. */
const checkIntervalMs = 1_000;
/** Between two checks however often something seems wrong, ms. */
const minPauseMs = 50;

export interface WatchdogOptions {
  readonly connection: Connection;
  readonly topology: Topology;
  readonly clock: Clock;
  /** After each check. */
  readonly onChecked: () => void;
}

/** Checks the topology every second from the first connection on, so that what disappeared is soon made again. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #stop = new AbortController();
  #pause = new AbortController();
  #running: Promise<void> | undefined;
  #firstCheck: () => void = () => {};
  /** Resolves after the first check. */
  readonly firstCheck = new Promise<void>(resolve => {
    this.#firstCheck = resolve;
  });

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  /** Something is missing: check at once. */
  checkNow(): void {
    this.#options.topology.invalidate();
    this.#pause.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#pause.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connection, topology, clock, onChecked } = this.#options;
    for (;;) {
      const live = await connection.live(this.#stop.signal);
      if (live === undefined) return;
      this.#pause = new AbortController();
      await topology.check(live);
      this.#firstCheck();
      onChecked();
      await clock.sleep(minPauseMs, this.#stop.signal);
      await clock.sleep(checkIntervalMs - minPauseMs, this.#pause.signal);
    }
  }
}
