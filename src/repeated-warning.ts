import type { Clock } from './clock.js';
import type { Log } from './log.js';

export interface RepeatedWarningOptions {
  /** Name of the log line. */
  readonly event: string;
  /** Fields of every line. */
  readonly fields?: Readonly<Record<string, string | number>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The same reason is logged again after this long, then after twice as long, and so on, ms. */
const firstRepeatMs = 60_000;
const maxRepeatMs = 3_600_000;

/**
 * A failure that comes again and again: one line when its reason is new, then fewer and fewer,
 * each with how often it has come since.
 */
export class RepeatedWarning {
  readonly #options: RepeatedWarningOptions;
  #reason: string | undefined;
  #nextAt = 0;
  #pauseMs = firstRepeatMs;
  #unlogged = 0;

  constructor(options: RepeatedWarningOptions) {
    this.#options = options;
  }

  /** `more` are fields of this one line. */
  warn(reason: string, more: Readonly<Record<string, string | number>> = {}): void {
    const { clock, log, fields, event } = this.#options;
    const now = clock.monotonic();
    if (reason !== this.#reason) {
      this.clear();
      this.#reason = reason;
    } else if (now < this.#nextAt) {
      this.#unlogged += 1;
      return;
    } else this.#pauseMs = Math.min(maxRepeatMs, this.#pauseMs * 2);
    this.#nextAt = now + this.#pauseMs;
    log.warn({ ...fields, ...more, reason, ...(this.#unlogged === 0 ? {} : { repeated: this.#unlogged }) }, event);
    this.#unlogged = 0;
  }

  /** The failure is over: the next one is new. */
  clear(): void {
    this.#reason = undefined;
    this.#pauseMs = firstRepeatMs;
    this.#unlogged = 0;
  }
}
