import type { WriteCall } from '../storage/calls.js';
import { hoursOf, type UsageGap } from '../storage/usage-gaps.js';

export type LogGapReason = 'unread_lines' | 'lost_log' | 'changed_log' | 'unread_archive' | 'late_salt';

const hourMs = 3_600_000;

type Noted = { -readonly [Name in keyof UsageGap]: UsageGap[Name] };

/**
 * What of one log cannot be counted, by the hour, since the last commit: written down with the position in the log, so
 * that it is noted once, whatever becomes of the process.
 */
export class LogGaps {
  readonly #origin: string;
  readonly #hours = new Map<string, Noted>();
  /** The last one that was added to: mostly the next line's is the same. */
  #last: Noted | undefined;
  #calls: readonly WriteCall[] | undefined;

  /** @param origin the log */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** @param at epoch ms */
  add(reason: LogGapReason, at: number, count = 1): void {
    const hour = Math.floor(at / hourMs) * hourMs;
    if (this.#last?.hour !== hour || this.#last.reason !== reason)
      return this.#add({ hour, reason, origin: this.#origin, ms: 0, count });
    this.#last.count += count;
    this.#calls = undefined;
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
    this.#last = undefined;
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
    this.#last = known ?? { ...gap };
    if (known === undefined) this.#hours.set(key, this.#last);
    else {
      known.ms += gap.ms;
      known.count += gap.count;
    }
  }
}
