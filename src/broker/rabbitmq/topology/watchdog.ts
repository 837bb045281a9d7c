import type { Clock } from '../../../clock.js';
import type { Connection } from '../connection.js';
import type { Topology } from './topology.js';

/** Between two looks, ms. */
const EVERY = 1_000;
/** However often something seems wrong. */
const AT_MOST_EVERY = 50;

export interface WatchdogOptions {
  readonly connection: Connection;
  readonly topology: Topology;
  readonly clock: Clock;
  /** After each look. */
  readonly onLooked: () => void;
}

/** Looks after the topology, from the first connection on: within a second what disappeared is back. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #stop = new AbortController();
  #pause = new AbortController();
  #running: Promise<void> | undefined;
  #firstLook: () => void = () => {};
  /** Resolves after the first look. */
  readonly firstLook = new Promise<void>(resolve => {
    this.#firstLook = resolve;
  });

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  open(): void {
    this.#running ??= this.#run();
  }

  /** Something is missing: look now. */
  alarm(): void {
    this.#options.topology.doubt();
    this.#pause.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#pause.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { connection, topology, clock, onLooked } = this.#options;
    for (;;) {
      const live = await connection.live(this.#stop.signal);
      if (live === undefined) return;
      this.#pause = new AbortController();
      await topology.check(live);
      this.#firstLook();
      onLooked();
      await clock.sleep(AT_MOST_EVERY, this.#stop.signal);
      await clock.sleep(EVERY - AT_MOST_EVERY, this.#pause.signal);
    }
  }
}
