import type { Clock } from '../clock.js';
import type { Item } from './batch.js';

/**
 * Events that have to wait (a throttled user's, say) while the rest of the queue goes on.
 * Bounded by the subscription's prefetch.
 */
export class Deferral {
  #waiting: { readonly items: readonly Item[]; due: boolean }[] = [];
  #stop = new AbortController();
  readonly #clock: Clock;
  readonly #holdMs: number;
  readonly #onDue: () => void;

  constructor(clock: Clock, holdMs: number, onDue: () => void) {
    this.#clock = clock;
    this.#holdMs = holdMs;
    this.#onDue = onDue;
  }

  /** Those that were in hand for as long as a hold may last are returned, for the broker; the others wait. */
  add(items: readonly Item[], waitMs: number): readonly Item[] {
    const now = this.#clock.monotonic();
    for (const item of items) item.deferredAt ??= item.delivery.arrived ?? now;
    const overdue = items.filter(({ deferredAt = now }) => now - deferredAt >= this.#holdMs);
    const patient = items.filter(item => !overdue.includes(item));
    if (patient.length > 0) this.#wait(patient, waitMs);
    return overdue;
  }

  #wait(items: readonly Item[], waitMs: number): void {
    const group = { items, due: false };
    this.#waiting.push(group);
    const { signal } = this.#stop;
    this.#clock.sleep(waitMs, signal).then(() => {
      if (signal.aborted) return;
      group.due = true;
      this.#onDue();
    });
  }

  /** All that wait, those first that came first in each group. */
  get groups(): readonly (readonly Item[])[] {
    return this.#waiting.map(({ items }) => items);
  }

  /** Takes out the first group that is due. */
  take(): readonly Item[] | undefined {
    const index = this.#waiting.findIndex(({ due }) => due);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0]?.items;
  }

  clear(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#waiting = [];
  }
}
