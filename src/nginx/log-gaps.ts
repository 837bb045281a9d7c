import type { WriteCall } from '../storage/calls.js';
import { hoursOf, type UsageGap } from '../storage/usage-gaps.js';

export type LogGapReason = 'unread_lines' | 'lost_log' | 'changed_log' | 'unread_archive' | 'late_salt';

const hourMs = 3_600_000;

/**
 * What of one log cannot be counted, by the hour, since the last commit: written down with the position in the log, so
 * that it is noted once, whatever becomes of the process.
 */
export class LogGaps {
  readonly #origin: string;
  readonly #hours = new Map<string, UsageGap>();
  #calls: readonly WriteCall[] | undefined;

  /** @param origin the log */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** @param at epoch ms */
  add(reason: LogGapReason, at: number, count = 1): void {
    this.#add({ hour: Math.floor(at / hourMs) * hourMs, reason, origin: this.#origin, ms: 0, count });
  }

  addSpan(reason: LogGapReason, from: number, to: number): void {
    for (const gap of hoursOf(from, to, { reason, origin: this.#origin })) this.#add(gap);
  }

  /** What writes them down: the same list until something is added. */
  get calls(): readonly WriteCall[] {
    const gaps = [...this.#hours.values()];
    this.#calls ??= gaps.length === 0 ? [] : [['noteUsageGaps', { gaps }]];
    return this.#calls;
  }

  clear(): void {
    this.#hours.clear();
    this.#calls = undefined;
  }

  #add(gap: UsageGap): void {
    this.#calls = undefined;
    const key = `${gap.reason} ${gap.hour}`;
    const { ms = 0, count = 0 } = this.#hours.get(key) ?? {};
    this.#hours.set(key, { ...gap, ms: ms + gap.ms, count: count + gap.count });
  }
}
