import type { Event } from '../events/event.js';
import type { Item } from './batch.js';

/** Segments of a batch that are with the sink together, each in a write of its own. */
export class Round {
  readonly #segments: readonly (readonly Item[])[];
  /** How long the answers took, ms. */
  readonly times: number[] = [];

  constructor(segments: readonly (readonly Item[])[] = []) {
    this.#segments = segments;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  get batches(): readonly (readonly Event[])[] {
    return this.#segments.map(segment => segment.map(({ event }) => event));
  }

  of(index: number): readonly Item[] | undefined {
    return this.#segments[index];
  }

  /** Returns whether it was the last of them. */
  answered(milliseconds: number): boolean {
    this.times.push(milliseconds);
    return this.times.length >= this.#segments.length;
  }
}
