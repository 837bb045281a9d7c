import type { Event } from '../events/event.js';
import type { Item } from './batch.js';

/** Segments of a batch that are with the sink together, each in a write of its own. */
export class Round {
  readonly segments: readonly (readonly Item[])[];
  /** After a failure, it shows that the destination works. */
  readonly isTrial: boolean;
  /** How long the answers took, ms. */
  readonly times: number[] = [];

  constructor(segments: readonly (readonly Item[])[] = [], { isTrial = false } = {}) {
    this.segments = segments;
    this.isTrial = isTrial;
  }

  /** Writes at once. */
  get width(): number {
    return this.segments.length;
  }

  /** Events of its largest write. */
  get largest(): number {
    return Math.max(0, ...this.segments.map(({ length }) => length));
  }

  get slowestMs(): number {
    return Math.max(0, ...this.times);
  }

  get batches(): readonly (readonly Event[])[] {
    return this.segments.map(segment => segment.map(({ event }) => event));
  }

  /** Returns whether it was the last of them. */
  answered(milliseconds: number): boolean {
    this.times.push(milliseconds);
    return this.times.length >= this.width;
  }
}
