import { type CountName, type Counts, countNames, hourMs, noCounts } from '../../../storage/ledger-delta.js';

/** The counts of one queue: since the beginning, and in the current hour. */
export class QueueCounts {
  readonly totals: Counts = noCounts();
  readonly #now: () => number;
  #hour: number;
  #hourCounts: Counts;

  constructor(now: () => number, totals: Partial<Counts> = {}, hourCounts: Counts = noCounts()) {
    this.#now = now;
    for (const name of countNames) this.totals[name] = totals[name] ?? 0;
    this.#hour = this.#currentHour();
    this.#hourCounts = hourCounts;
  }

  add(name: CountName, count: number): void {
    this.#turnHour();
    this.totals[name] += count;
    this.#hourCounts[name] += count;
  }

  /** `hour` is its start, epoch ms. */
  currentHour(): { readonly hour: number; readonly counts: Counts } {
    this.#turnHour();
    return { hour: this.#hour, counts: { ...this.#hourCounts } };
  }

  /** What was counted in the hour before and not saved moves on with it: hours are for charts, totals are exact. */
  #turnHour(): void {
    const hour = this.#currentHour();
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#hourCounts = noCounts();
  }

  #currentHour(): number {
    const now = this.#now();
    return now - (now % hourMs);
  }
}
