import type { Fault } from '../errors.js';

/** Measures every write of every sink, for metrics. */
export interface DeliveryMeter {
  /** A write that succeeded: how many events, how long it took, and when the oldest of them was received (epoch ms). */
  written(sink: string, count: number, milliseconds: number, oldest: number): void;
  /** These had the id of another event, and said something else. */
  conflicted?(sink: string, ids: readonly string[]): void;
  /** A write or a probe that threw; not a write that another one halted. */
  failed(sink: string, fault: Fault, milliseconds: number): void;
}
