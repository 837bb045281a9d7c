import type { People } from '../people/people.js';
import type { WriteCall } from '../storage/calls.js';

/** What was taken out of a place. */
export interface Taken {
  /** Events, rows or documents that are gone. */
  readonly erased: number;
  /** Those that are there without the person. */
  readonly changed: number;
}

export interface EraseTools {
  /** The id of the erasure, the same at every try. */
  readonly erasure: string;
  /** Aborts when the daemon stops. */
  readonly signal: AbortSignal;
  /** Writes to the daemon's storage, and in the same commit what it takes out into the receipt. */
  commit(calls: readonly WriteCall[], taken: Taken): Promise<void>;
}

/** What there is to say of a place in the end. */
export interface Outcome extends Partial<Taken> {
  /** What somebody has to do there, in words. */
  readonly steps?: readonly string[];
}

/** Somewhere that may hold a person's data. */
export interface Place {
  /** For the receipt: `mongodb`, `queue of mongodb`. */
  readonly name: string;
  /** Elsewhere: it may take its time, or not answer, and no other place waits for it. It commits nothing here. */
  readonly isDistant?: true;
  /**
   * Takes them out; again is no different. What `commit` has counted is not in the outcome.
   * @throws what says why it cannot be done now: it is tried again
   */
  erase(people: People, tools: EraseTools): Promise<Outcome>;
  /** What is held of them. */
  export?(people: People, signal: AbortSignal): AsyncIterable<unknown>;
}
