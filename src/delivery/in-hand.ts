import type { Clock } from '../clock.js';
import { Batch, type Evidence, type Item, type Suspicions } from './batch.js';
import { Deferral } from './deferral.js';

export interface InHandOptions extends Suspicions {
  readonly clock: Clock;
  /** How long a delivery may be in hand, ms. */
  readonly holdMs: number;
}

/** What a consumer has of its queue and has not settled: its batch, what it fetched ahead, and what was deferred. */
export class InHand {
  batch: Batch | undefined;
  ahead: (readonly Item[])[] = [];
  readonly deferral: Deferral;
  readonly #evidence: Evidence = { healthy: true };
  readonly #options: InHandOptions;

  /** @param onDue what was deferred may go */
  constructor(options: InHandOptions, onDue: () => void) {
    this.#options = options;
    this.deferral = new Deferral(options.clock, options.holdMs, onDue);
  }

  /** Makes a batch of what was deferred and is due, or else of what was fetched ahead, in as many parts at most. */
  begin(parts: number): void {
    const due = this.deferral.take();
    const next = due === undefined ? this.ahead.splice(0, parts) : [due];
    this.batch = next.length === 0 ? undefined : new Batch(next, this.#evidence, this.#options);
  }

  /**
   * For how much longer it may be in hand, ms: a broker that waits only so long for a settlement takes it back, or
   * closes the channel. What it gave out counts from when it came.
   */
  get patienceMs(): number {
    const now = this.#options.clock.monotonic();
    // Within a segment they are in the order in which they came.
    const segments = [...(this.batch?.segments ?? []), ...this.ahead, ...this.deferral.groups];
    const arrivals = segments.map(([first]) => first?.delivery.arrived ?? now);
    return Math.max(0, this.#options.holdMs - (now - Math.min(now, ...arrivals)));
  }

  clear(): void {
    this.batch = undefined;
    this.ahead = [];
    this.deferral.clear();
  }
}
