import type { Settlement } from '../broker/broker.js';
import type { Fault } from '../errors.js';

/** Measures every write of every sink, for metrics and counters. */
export interface DeliveryMeter {
  /** A write that succeeded: how many events, how long it took, and when the oldest of them was received (epoch ms). */
  written(sink: string, count: number, milliseconds: number, oldest: number): void;
  /** A write or a probe that threw. */
  failed(sink: string, fault: Fault, milliseconds: number): void;
  /** A settlement that the broker has taken. */
  settled(sink: string, settlement: Settlement): void;
}

/** What this daemon has settled for one sink since it started. */
export interface Settled {
  delivered: number;
  duplicates: number;
  filtered: number;
  too_old: number;
  dead: number;
}

/** For the ledger on RabbitMQ; the embedded broker's own is durable and exact (storage/ledger.ts). */
export class SettledCounters {
  readonly #sinks = new Map<string, Settled>();

  add(sink: string, { done, duplicates, filtered, tooOld = 0, dead }: Settlement): void {
    const counters = this.of(sink);
    counters.delivered += done.length - duplicates - filtered - tooOld;
    counters.too_old += tooOld;
    counters.duplicates += duplicates;
    counters.filtered += filtered;
    counters.dead += dead.length;
  }

  of(sink: string): Settled {
    let counters = this.#sinks.get(sink);
    if (counters === undefined) {
      counters = { delivered: 0, duplicates: 0, filtered: 0, too_old: 0, dead: 0 };
      this.#sinks.set(sink, counters);
    }
    return counters;
  }
}
