import type { WriteCall } from '../storage/calls.js';
import type { TrafficWindow } from '../storage/traffic.js';

/**
 * What the windows of one log come to, since the last commit: written down with the position in the log, so that each
 * counts once, whatever becomes of the process.
 */
export class TrafficRecord {
  readonly #log: string;
  readonly #seconds: number;
  #windows: readonly TrafficWindow[] = [];
  #until = Number.NEGATIVE_INFINITY;
  #calls: readonly WriteCall[] = [];

  constructor(log: string, windowMs: number) {
    this.#log = log;
    this.#seconds = windowMs / 1000;
  }

  /** @param until every window that began before is known by now, epoch ms; -Infinity before the first line */
  add(windows: readonly TrafficWindow[], until: number): void {
    if (windows.length === 0 && until <= this.#until) return;
    this.#windows = [...this.#windows, ...windows];
    this.#until = Math.max(this.#until, until);
    const what = { log: this.#log, windows: this.#windows, seconds: this.#seconds, until: this.#until };
    this.#calls = Number.isFinite(this.#until) ? [['keepTraffic', what]] : [];
  }

  /** What writes them down: the same list until something is added. */
  get calls(): readonly WriteCall[] {
    return this.#calls;
  }

  clear(): void {
    this.#windows = [];
    this.#calls = [];
  }
}
