import type { BelievedTime } from '../believed-time.js';
import { dayOf, startOfDay, written } from '../calendar.js';
import type { Log } from '../log.js';
import type { Calls } from '../storage/calls.js';
import type { UsageGap } from '../storage/usage-gaps.js';
import type { UsageMonth } from '../storage/usage-months.js';
import { heardLogs } from './completeness-monitor.js';
import { endOf, type HeardLogs, logsBehind, unreadGaps } from './unread-logs.js';

export interface ClosingOptions {
  readonly storage: Calls;
  /** For how long a month takes what comes late, ms. */
  readonly closeMs: number;
  /** Events on their way to the counts; undefined = nobody knows at the moment. */
  readonly pending: () => Promise<number | undefined>;
  /** Months into which somebody is sending at the moment. */
  readonly sent: () => ReadonlySet<number>;
  /** A month is not closed because the clock has jumped ahead. */
  readonly clock: Pick<BelievedTime, 'now'>;
  readonly log: Log;
}

/** A month that may be closed, and what of it was never read. */
export interface DueMonth {
  readonly month: number;
  readonly gaps: readonly UsageGap[];
}

/**
 * Decides when all of a month has come:
 *
 * 1. It has been over for `closeMs`, and so long ago its first access was counted here: an old log is read in time.
 * 2. Each log that is counted was read to its end later than the month's. Of several, one that is ahead closes no month
 *    for one that is behind. Where no log is read, something counted of a day after 1: whoever was away sends on first.
 * 3. After that everything that waited was counted: nothing waits, or something counted of a later day.
 * 4. Nobody is sending to it: neither an import nor a recording.
 *
 * For 2 a month waits `closeMs` more at most where there is nothing to wait for: then nothing comes where no log is
 * read, and what was never read of a log that is gone or may not be read is noted as a gap. A log that is being caught
 * up is waited for as long as it takes, and so are 3 and 4: these events are there.
 */
export class Closing {
  readonly #options: ClosingOptions;
  /** Since when 2 is known of a month, epoch ms. */
  readonly #passed = new Map<number, number>();
  /** Months of which was logged what they wait for. */
  readonly #held = new Set<number>();

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** Those of these months that may be closed now. */
  async due(months: readonly UsageMonth[]): Promise<readonly DueMonth[]> {
    const { storage, clock, closeMs, pending } = this.#options;
    const now = clock.now();
    const sent = this.#options.sent();
    const isOver = (month: UsageMonth): boolean => now >= openUntil(month, closeMs) && !sent.has(month.month);
    const over = months.filter(month => month.closed === null && isOver(month));
    this.#forgetOthers(over);
    if (over.length === 0) return [];
    const logs = await heardLogs(storage);
    const last = await this.#lastCounted(now);
    const passed = over.filter(month => this.#hasPassed(month, { logs, last, now }));
    // Looked at last: what waits now came from sources that have passed the month.
    const waiting = passed.length === 0 ? undefined : await pending();
    if (waiting === undefined) return [];
    return passed
      .filter(({ month }) => waiting === 0 || last > (this.#passed.get(month) ?? now))
      .map(({ month }) => ({ month, gaps: unreadGaps(month, logs) }));
  }

  /**
   * Whether what was sent as long ago as a month waits has been counted by now: nothing waits, or something counted
   * that is younger.
   */
  async hasCaughtUp(): Promise<boolean> {
    const { clock, closeMs, pending } = this.#options;
    const now = clock.now();
    const waiting = await pending();
    return waiting === 0 || (waiting !== undefined && (await this.#lastCounted(now)) > now - closeMs);
  }

  /** The beginning of the last day of which something counted, epoch ms. */
  async #lastCounted(now: number): Promise<number> {
    const day = await this.#options.storage.read('lastCountedDay', { today: dayOf(now) });
    return day === null ? Number.NEGATIVE_INFINITY : startOfDay(day);
  }

  /** Months that were closed. They may be opened again. */
  #forgetOthers(over: readonly UsageMonth[]): void {
    const months = new Set(over.map(({ month }) => month));
    for (const month of this.#passed.keys()) if (!months.has(month)) this.#passed.delete(month);
    for (const month of this.#held) if (!months.has(month)) this.#held.delete(month);
  }

  #hasPassed(
    month: UsageMonth,
    { logs, last, now }: { readonly logs: HeardLogs; readonly last: number; readonly now: number },
  ): boolean {
    const { closeMs, log } = this.#options;
    const behind = logsBehind(month.month, logs);
    const isHeard = logs.size === 0 ? last >= endOf(month.month) + closeMs : behind.size === 0;
    const isLast = now >= openUntil(month, closeMs) + closeMs && [...behind.values()].every(({ isStuck }) => isStuck);
    if (isHeard || isLast) {
      if (!this.#passed.has(month.month)) this.#passed.set(month.month, now);
      return true;
    }
    this.#passed.delete(month.month);
    if (behind.size > 0 && !this.#held.has(month.month)) {
      this.#held.add(month.month);
      const reason = `not read to the end of the month: ${[...behind.keys()].join(', ')}`;
      log.warn({ month: written(month.month), reason }, 'month.held');
    }
    return false;
  }
}

function openUntil({ month, opened }: UsageMonth, closeMs: number): number {
  return Math.max(endOf(month), opened) + closeMs;
}
