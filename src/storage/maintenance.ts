import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { Calls } from './calls.js';
import { TrustedTime } from './trusted-time.js';

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
  /** Files beside the database that have been kept for long enough. */
  removeOldFiles(now: number): void;
  /** False when somebody deleted or replaced the file under the running daemon: it would write into nothing. */
  stillThere(): boolean;
}

const roundMs = 30_000;
const dayMs = 86_400_000;
/** Rows a job; the writer is free for others between two jobs. */
const chunkRows = 1000;
const chunkPages = 500;

/**
 * The periodic work: old events, expired key-values and old hours of the ledger are deleted, and the file gives back
 * the pages that it no longer needs. In small jobs, one after the other, so that what comes in never waits for more
 * than one. Nothing is deleted for its age while the clock cannot be trusted.
 */
export class Maintenance {
  readonly #storage: Pick<Calls, 'write'>;
  readonly #options: MaintenanceOptions;
  readonly #stop = new AbortController();
  readonly #time: TrustedTime;
  #retention: Retention;
  readonly #running: Promise<void>;

  constructor(storage: Pick<Calls, 'write'>, options: MaintenanceOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#retention = options.retention;
    this.#time = new TrustedTime(options.clock);
    this.#running = this.#run();
  }

  /** From the next round on. @returns whether it is another */
  keepAtMost(retention: Retention): boolean {
    const before = this.#retention;
    this.#retention = { ...before, ...retention };
    return before.days !== retention.days || before.maxBytes !== retention.maxBytes;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    for (;;) {
      await clock.sleep(this.#retention.everyMs ?? roundMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      if (!this.#options.stillThere())
        return this.#options.onFatal(new Error('the database file in DATA_DIR was deleted or replaced'));
      try {
        await this.#round();
      } catch (error) {
        log.warn({ reason: describe(error) }, 'maintenance.failed');
      }
    }
  }

  async #round(): Promise<void> {
    await this.#repeat(() => this.#storage.write('trimMessages'));
    const time = this.#time.read();
    await this.#trimEvents(time.trusted ? time.now - this.#retention.days * dayMs : 0);
    if (time.trusted) {
      await this.#expire(time.now);
      this.#options.removeOldFiles(time.now);
    } else if (time.jumpMs !== 0) this.#options.log.warn({ jumpMs: time.jumpMs }, 'clock.jumped');
    await this.#repeat(() => this.#options.compact(chunkPages));
  }

  /** Those received before, epoch ms, and the oldest while the store is too large. */
  async #trimEvents(receivedBefore: number): Promise<void> {
    const { maxBytes } = this.#retention;
    let count = 0;
    await this.#repeat(async () => {
      const deleted = await this.#storage.write('trimEvents', { receivedBefore, maxBytes, limit: chunkRows });
      count += deleted;
      return deleted === chunkRows;
    });
    if (count === 0) return;
    const before = new Date(Math.max(0, receivedBefore)).toISOString();
    this.#options.log.info({ count, receivedBefore: before, maxBytes }, 'events.deleted');
  }

  async #expire(now: number): Promise<void> {
    for (const name of ['sweepKeyValues', 'trimGivenIds', 'trimUnnamed'] as const)
      await this.#repeat(async () => (await this.#storage.write(name, { limit: chunkRows })) === chunkRows);
    await this.#storage.write('trimLedger', { now });
  }

  async #repeat(step: () => Promise<boolean>): Promise<void> {
    while (!this.#stop.signal.aborted && (await step()));
  }
}
