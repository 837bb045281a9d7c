import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { Operations } from './operations.js';

/** How long the local store keeps events, and how large it may grow. */
export interface Retention {
  readonly days: number;
  readonly maxBytes: number;
  /** ms between two rounds. */
  readonly everyMs?: number;
}

export interface MaintenanceOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: Retention;
  readonly onFatal: (error: Error) => void;
  compact(pages: number): Promise<boolean>;
  /** False when somebody deleted or replaced the file under the running daemon: it would write into nothing. */
  stillThere(): boolean;
}

const EVERY_MS = 30_000;
const DAY_MS = 86_400_000;
/** Rows a job; the writer is free for others between two jobs. */
const CHUNK = 1000;
const PAGES = 500;

/**
 * What has to happen now and then: old events, expired memories and old hours leave, and the file gives back what it no longer
 * needs. In small jobs, one after the other, so that what comes in never waits for more than one.
 */
export class Maintenance {
  readonly #storage: Pick<Operations, 'write'>;
  readonly #options: MaintenanceOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(storage: Pick<Operations, 'write'>, options: MaintenanceOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log, retention } = this.#options;
    for (;;) {
      await clock.sleep(retention.everyMs ?? EVERY_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      if (!this.#options.stillThere())
        return this.#options.onFatal(new Error('the database file in DATA_DIR was deleted or replaced'));
      try {
        await this.#round();
      } catch (error) {
        log.warn({ error: describe(error) }, 'storage.maintenance-failed');
      }
    }
  }

  async #round(): Promise<void> {
    const { clock, retention, compact } = this.#options;
    await this.#repeat(() => this.#storage.write('trimMessages'));
    await this.#repeat(async () => {
      const receivedBefore = clock.now() - retention.days * DAY_MS;
      const deleted = await this.#storage.write('trimEvents', {
        receivedBefore,
        maxBytes: retention.maxBytes,
        limit: CHUNK,
      });
      return deleted === CHUNK;
    });
    await this.#repeat(async () => (await this.#storage.write('sweepKeyValues', { limit: CHUNK })) === CHUNK);
    await this.#storage.write('trimLedger');
    await this.#repeat(() => compact(PAGES));
  }

  async #repeat(step: () => Promise<boolean>): Promise<void> {
    while (!this.#stop.signal.aborted && (await step()));
  }
}
