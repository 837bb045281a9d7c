import type { BatchLimits } from '../broker/broker.js';
import type { Item } from './batch.js';

/** An answer is quick that takes at most this many times as long as the quickest of late, and this much, ms. */
const quickFactor = 2;
const quickMs = 50;
/** By which share the quickest is forgotten with every round, so that what was usual once is not asked for for ever. */
const forgotten = 1 / 32;

/**
 * How many writes go to a destination at once, as it answers: additive increase, multiplicative decrease. Writes go out
 * in rounds, and the next round begins when all of one were answered. While more waits, a round whose answers were all
 * quick is followed by one with a write more, up to the limit; a round with a slow answer, or with one that says that
 * the destination cannot take it now, by half as many, down to one. A round that did not fill what it may says nothing.
 */
export class Concurrency {
  readonly limit: number;
  #now = 1;
  /** How long the quickest of the answers of late took, ms. */
  #quickest = Number.POSITIVE_INFINITY;

  constructor(limit = 1) {
    this.limit = limit;
  }

  /** Writes of the next round, at most. */
  get now(): number {
    return this.#now;
  }

  /** All writes of a round succeeded, after these times, ms. `isDeep`: as much waits as the next round may take. */
  answered(times: readonly number[], isDeep: boolean): void {
    if (!isDeep || times.length < this.#now) return;
    const isQuick = Math.max(...times) <= this.#quickest * quickFactor + quickMs;
    this.#quickest = Math.min(this.#quickest * (1 + forgotten), ...times);
    if (isQuick) this.#now = Math.min(this.limit, this.#now + 1);
    else this.failed();
  }

  /** The destination could not take a write now. */
  failed(): void {
    this.#now = Math.max(1, Math.floor(this.#now / 2));
  }
}

/** Whether as much was fetched ahead as this many writes take, each at least half full. */
export function isDeep(ahead: readonly (readonly Item[])[], writes: number, { count, bytes }: BatchLimits): boolean {
  if (ahead.length < writes) return false;
  return ahead.every(items => {
    if (items.length * 2 >= count) return true;
    return items.reduce((sum, { delivery }) => sum + delivery.body.length, 0) * 2 >= bytes;
  });
}
