import { Worker } from 'node:worker_threads';
import type { LogOptions } from '../log.js';
import { threadFile } from '../program-files.js';
import { SharedRecord } from './shared-record.js';
import type { WatchdogData } from './watchdog-data.js';

export interface WatchdogOptions {
  /** Where it notes a stall, for the next start to find. */
  readonly dir: string;
  readonly log: Pick<LogOptions, 'level' | 'pretty'>;
  /** The event loop may stand for this long, ms. */
  readonly limitMs?: number;
  /** Between two signs of life to systemd, ms; undefined = none. */
  readonly notifyMs?: number | undefined;
}

/** Everything that the daemon does on its main thread takes milliseconds. */
const defaultLimitMs = 5_000;
const ticksPerLimit = 5;
/** It allocates next to nothing. */
const youngGenerationMb = 1;
/** V8 lays out a heap that may reach 2,048 MB with 0.8 MB more at its start. */
const oldGenerationMb = 2_000;

/**
 * A thread that notices when the event loop of the main thread stands: it logs what is at work and where the main
 * thread is, and notes it on the disk. While the loop turns, it says so to systemd. `beat` keeps it quiet.
 */
export class Watchdog {
  readonly record = new SharedRecord();
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;

  constructor({ dir, log, limitMs = defaultLimitMs, notifyMs }: WatchdogOptions) {
    const tickMs = limitMs / ticksPerLimit;
    const workerData: WatchdogData = { buffer: this.record.buffer, dir, log, limitMs, tickMs, notifyMs };
    this.#worker = new Worker(threadFile('src/event-loop/watchdog-worker.js'), {
      name: 'watchdog',
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb, maxOldGenerationSizeMb: oldGenerationMb },
    });
    this.#worker.unref();
    this.#timer = setInterval(() => this.record.goOn(), tickMs / 3);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.terminate();
  }
}

/**
 * Between two signs of life, ms: a third of the time after which systemd gives up.
 * Undefined when it does not wait for any.
 */
export function notifyIntervalMs(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: patience, WATCHDOG_PID: whose } = env;
  const patienceMs = Number(patience) / 1000;
  if (!socket || !(patienceMs > 0) || (whose !== undefined && Number(whose) !== pid)) return undefined;
  return patienceMs / 3;
}
