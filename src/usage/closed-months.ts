import { written } from '../calendar.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { KeyValues } from '../storage/key-values.js';
import type { MonthlyReports } from './monthly/monthly-reports.js';
import type { Submissions } from './submissions.js';
import type { AfterClosing } from './usage.js';

export interface ClosedMonthsOptions {
  readonly reports: Pick<MonthlyReports, 'list' | 'keep'>;
  readonly submissions: Pick<Submissions, 'submit'>;
  /** The hubs, by sink and address: each gets the months that are closed after it was first configured. */
  readonly hubs: () => readonly string[];
  readonly keyValues: KeyValues;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** As good as for ever, ms. */
const keepMs = 100 * 366 * 86_400_000;

/**
 * What happens by itself when a month is closed: its report is kept, and submitted to the hubs. It happens once for
 * each time that the month is closed, also when the daemon stops in between.
 */
export class ClosedMonths implements AfterClosing {
  readonly #options: ClosedMonthsOptions;
  /** Refusals that were logged. */
  readonly #refused = new Set<string>();

  constructor(options: ClosedMonthsOptions) {
    this.#options = options;
  }

  /** Before the first month is closed: what was closed before a hub was configured is not submitted by itself. */
  async begin(): Promise<void> {
    const { keyValues, clock } = this.#options;
    const hubs = this.#options.hubs();
    const known = await keyValues.get(hubs.map(sinceKey));
    const fresh = hubs.filter(hub => !known.has(sinceKey(hub)));
    if (fresh.length > 0)
      await keyValues.put(
        fresh.map(hub => [sinceKey(hub), String(clock.now())]),
        keepMs,
      );
  }

  async check(signal?: AbortSignal): Promise<void> {
    const { reports, log } = this.#options;
    for (const { month, closed, kept } of await reports.list()) {
      if (closed === null || signal?.aborted) continue;
      if (!kept) {
        await reports.keep(month);
        log.info({ month }, 'report.kept');
      }
      await this.#submit(month, closed);
    }
  }

  async #submit(month: number, closed: number): Promise<void> {
    const { keyValues, submissions, log } = this.#options;
    const hubs = this.#options.hubs();
    const done = `submitted ${month}`;
    const known = await keyValues.get([...hubs.map(sinceKey), done]);
    const since = Math.min(...hubs.map(hub => Number(known.get(sinceKey(hub)) ?? Number.POSITIVE_INFINITY)));
    if (closed < since || known.get(done) === String(closed)) return;
    try {
      const submitted = await submissions.submit({ month }, closed);
      if (!('refused' in submitted)) return await keyValues.put([[done, String(closed)]], keepMs);
      if (this.#refused.has(`${done} ${closed}`)) return;
      this.#refused.add(`${done} ${closed}`);
      log.warn({ month, reason: submitted.refused }, 'submission.refused');
    } catch (error) {
      log.warn({ month: written(month), reason: describe(error) }, 'submission.delayed');
    }
  }
}

function sinceKey(hub: string): string {
  return `hub since ${hub}`;
}
