import type { LogOptions } from '../log.js';

/** What the thread of the watchdog is given. */
export interface WatchdogData {
  /** The memory of the `SharedRecord`. */
  readonly buffer: SharedArrayBuffer;
  /** DATA_DIR. */
  readonly dir: string;
  readonly log: Pick<LogOptions, 'level' | 'pretty'>;
  /** The event loop may stand for this long, ms. */
  readonly limitMs: number;
  /** Between two looks, ms. */
  readonly tickMs: number;
  /** Between two signs of life to systemd, ms; undefined = none. */
  readonly notifyMs: number | undefined;
}
