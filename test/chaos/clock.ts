import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The wall clock of a daemon, to be moved while it runs. */
export class MovableClock {
  readonly #dir = mkdtempSync(join(tmpdir(), 'event-sink-clock-'));
  readonly #file = join(this.#dir, 'offset');

  constructor() {
    this.set(0);
  }

  /** For the daemon's environment. */
  get settings(): Record<string, string> {
    return {
      NODE_OPTIONS: `--import=${new URL('./shifted-clock.js', import.meta.url)}`,
      CHAOS_CLOCK: this.#file,
    };
  }

  /** ms ahead of the true time. */
  set(offset: number): void {
    writeFileSync(`${this.#file}.new`, String(Math.round(offset)));
    renameSync(`${this.#file}.new`, this.#file);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true });
  }
}
