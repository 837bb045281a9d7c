import type { Clock } from '../clock.js';
import type { Log } from '../log.js';

/** Lines a minute; what is beyond them is counted. */
const maxLines = 120;

export interface Refusal {
  readonly address: string;
  readonly reason: 'unknown key' | 'expired key' | 'missing scope';
  readonly key: string | undefined;
  readonly method: string;
  readonly path: string;
}

/**
 * The lines `key.refused`, one for each failed attempt, as fail2ban reads them (docs/runbook.md);
 * bounded, so that nobody can fill the log.
 */
export class Refusals {
  readonly #log: Log;
  readonly #clock: Clock;
  #minuteEnds = 0;
  #lines = 0;
  #unlisted = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  add(refusal: Refusal): void {
    const now = this.#clock.monotonic();
    if (now >= this.#minuteEnds) {
      if (this.#unlisted > 0) this.#log.warn({ count: this.#unlisted }, 'keys.refused-often');
      this.#minuteEnds = now + 60_000;
      this.#lines = 0;
      this.#unlisted = 0;
    }
    if (this.#lines < maxLines) this.#log.warn({ ...refusal, path: refusal.path.slice(0, 200) }, 'key.refused');
    else this.#unlisted++;
    this.#lines++;
  }
}
