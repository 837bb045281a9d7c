import { dayMs, dayOf, firstDayOf, lastDayOf, startOfDay, written } from '../calendar.js';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import type { Calls } from '../storage/calls.js';
import { hoursOf, type UsageGap } from '../storage/usage-gaps.js';
import type { UsageMonth } from '../storage/usage-months.js';
import type { GapReason } from './completeness.js';
import { heardLogs } from './completeness-monitor.js';

export interface ClosingOptions {
  readonly storage: Calls;
  /** For how long a month takes what comes late, ms. */
  readonly closeMs: number;
  /** Events on their way to the counts; undefined = nobody knows at the moment. */
  readonly pending: () => Promise<number | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** A month that may be closed, and what of it was never read. */
export interface DueMonth {
  readonly month: number;
  readonly gaps: readonly UsageGap[];
}

/** Lines come later than their time: nginx may hold them back (`access_log … flush=`), ms. */
const lineDelayMs = 3_600_000;
const unread: GapReason = 'unread_log';

/**
 * Decides when all of a month has come:
 *
 * 1. It has been over for `closeMs`, and so long ago its first access was counted here: an old log is read in time.
 * 2. Each log that is counted was read to its end later than the month's. Of several, one that is ahead closes no month
 *    for one that is behind. Where no log is read, something counted of a day after 1: whoever was away sends on first.
 * 3. After that everything that waited was counted: nothing waits, or something counted of a later day.
 *
 * For 2 a month waits `closeMs` more at most: then nothing comes where no log is read, and what of a log was never read
 * is noted as a gap. For 3 it waits as long as it takes: these events are there.
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
    const over = months.filter(month => month.closed === null && now >= openUntil(month, closeMs));
    if (over.length === 0) return [];
    const logs = await heardLogs(storage);
    const day = await storage.read('lastCountedDay', { today: dayOf(now) });
    const last = day === null ? Number.NEGATIVE_INFINITY : startOfDay(day);
    const passed = over.filter(month => this.#hasPassed(month, { logs, last, now }));
    // Looked at last: what waits now came from sources that have passed the month.
    const waiting = passed.length === 0 ? undefined : await pending();
    if (waiting === undefined) return [];
    return passed
      .filter(({ month }) => waiting === 0 || last > (this.#passed.get(month) ?? now))
      .map(({ month }) => ({ month, gaps: gapsOf(month, logs) }));
  }

  #hasPassed(
    month: UsageMonth,
    { logs, last, now }: { readonly logs: ReadonlyMap<string, number>; readonly last: number; readonly now: number },
  ): boolean {
    const { closeMs, log } = this.#options;
    const behind = logsBehind(month.month, logs).map(([file]) => file);
    const isHeard = logs.size === 0 ? last >= endOf(month.month) + closeMs : behind.length === 0;
    if (isHeard || now >= openUntil(month, closeMs) + closeMs) {
      if (!this.#passed.has(month.month)) this.#passed.set(month.month, now);
      return true;
    }
    this.#passed.delete(month.month);
    if (behind.length > 0 && !this.#held.has(month.month)) {
      this.#held.add(month.month);
      const reason = `not read to the end of the month: ${behind.join(', ')}`;
      log.warn({ month: written(month.month), reason }, 'month.held');
    }
    return false;
  }
}

/** The hours of a month that lie behind the end of what was read of a log. */
function gapsOf(month: number, logs: ReadonlyMap<string, number>): UsageGap[] {
  const begin = startOfDay(firstDayOf(month));
  return logsBehind(month, logs).flatMap(([origin, until]) =>
    hoursOf(Math.max(begin, until - lineDelayMs), endOf(month), { reason: unread, origin }),
  );
}

function logsBehind(month: number, logs: ReadonlyMap<string, number>): (readonly [file: string, until: number])[] {
  return [...logs].filter(([, until]) => until < endOf(month) + lineDelayMs);
}

function openUntil({ month, opened }: UsageMonth, closeMs: number): number {
  return Math.max(endOf(month), opened) + closeMs;
}

/** Epoch ms. */
function endOf(month: number): number {
  return startOfDay(lastDayOf(month)) + dayMs;
}
