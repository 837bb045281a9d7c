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
  readonly #hours = new Map<string, { -readonly [Name in keyof UsageGap]: UsageGap[Name] }>();
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
    this.#calls ??= this.#hours.size === 0 ? [] : [['noteUsageGaps', { gaps: this.#noted() }]];
    return this.#calls;
  }

  clear(): void {
    this.#hours.clear();
    this.#calls = undefined;
  }

  /** As they are now: what is added later changes the next list. */
  #noted(): UsageGap[] {
    return [...this.#hours.values()].map(gap => ({ ...gap }));
  }

  #add(gap: UsageGap): void {
    this.#calls = undefined;
    const key = `${gap.reason} ${gap.hour}`;
    const known = this.#hours.get(key);
    if (known === undefined) this.#hours.set(key, { ...gap });
    else {
      known.ms += gap.ms;
      known.count += gap.count;
    }
  }
}
