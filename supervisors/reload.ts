import type { Audit } from '../src/audit/act.js';
import type { Config } from '../src/config/config.js';
import type { ReloadReport, RunningSettings } from '../src/config/running.js';
import { TransientError } from '../src/errors.js';
import type { Log } from '../src/log.js';
import { SettingsError } from '../src/settings/problems.js';

export interface ReloadsOptions {
  readonly settings: RunningSettings;
  /** Restarts what is made from other settings now, and returns what that was. Never rejects. */
  readonly apply: (config: Config) => Promise<readonly string[]>;
  readonly audit: Audit;
  readonly log: Log;
}

/**
 * Reads the settings anew, whoever asks: all that is wrong is said and nothing happens, or what has changed takes
 * effect. One at a time. Whoever asks while one is under way gets the next, which reads again.
 */
export class Reloads {
  readonly #options: ReloadsOptions;
  #last: Promise<unknown> = Promise.resolve();
  /** It has not begun to read. */
  #next: Promise<ReloadReport> | undefined;
  #closed = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /**
   * @param by the name of an API key, SIGHUP, or that a file has changed
   * @throws SettingsError when the settings cannot be used; TransientError while the daemon stops
   */
  request(by: string): Promise<ReloadReport> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#last.then(() => {
      this.#next = undefined;
      return this.#reload(by);
    });
    this.#next = next;
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** As above, for who does not wait for the answer: the log has it. */
  requested(by: string): void {
    this.request(by).catch(() => undefined);
  }

  /** None begins any more. */
  close(): void {
    this.#closed = true;
  }

  async #reload(by: string): Promise<ReloadReport> {
    if (this.#closed) throw new TransientError('the daemon is stopping');
    const { settings, apply, audit, log } = this.#options;
    const reading = settings.read();
    if ('problems' in reading) {
      const reason = reading.problems.map(({ name, message }) => `${name}: ${message}`).join('; ');
      log.error({ by, problems: reading.problems.length, reason }, 'settings.refused');
      throw new SettingsError(reading.problems);
    }
    const { changed, needsRestart } = reading;
    settings.take(reading);
    const restarted = [...(await apply(reading.config))].sort();
    const { version } = settings.status;
    const lists = { changed: changed.join(', '), restarted: restarted.join(', ') };
    log.info({ by, version, ...lists, needsRestart: needsRestart.join(', ') }, 'settings.reloaded');
    if (needsRestart.length > 0) log.warn({ settings: needsRestart.join(', ') }, 'settings.waiting');
    if (changed.length > 0)
      audit.record({ type: 'settings_reloaded', by, subject: version, count: changed.length, message: lists.changed });
    return { changed, restarted, needsRestart };
  }
}
