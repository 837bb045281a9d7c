import type { Settlement } from '../broker/broker.js';
import type { Fault } from '../errors.js';

/** Told of every batch of every sink, for metrics and counters. */
export interface DeliveryMeter {
  /** One write: how many events, how long, and when the oldest of them was received, epoch ms. */
  written(sink: string, count: number, milliseconds: number, oldest: number): void;
  /** A write (or a probe) that threw. */
  failed(sink: string, fault: Fault, milliseconds: number): void;
  /** After the settlement is through. */
  settled(sink: string, settlement: Settlement): void;
}

/** What this daemon has settled since it started, per sink. The embedded broker's own ledger is durable and exact; see storage/ledger.ts. */
export interface Settled {
  delivered: number;
  duplicates: number;
  filtered: number;
  dead: number;
}

export class SettledCounters {
  readonly #sinks = new Map<string, Settled>();

  add(sink: string, { done, duplicates, filtered, dead }: Settlement): void {
    const counters = this.of(sink);
    counters.delivered += done.length - duplicates - filtered;
    counters.duplicates += duplicates;
    counters.filtered += filtered;
    counters.dead += dead.length;
  }

  of(sink: string): Settled {
    let counters = this.#sinks.get(sink);
    if (counters === undefined) {
      counters = { delivered: 0, duplicates: 0, filtered: 0, dead: 0 };
      this.#sinks.set(sink, counters);
    }
    return counters;
  }
}
