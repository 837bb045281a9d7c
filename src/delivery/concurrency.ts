/** An answer is quick that takes at most this many times as long as the quickest of late, and this much, ms. */
const quickFactor = 2;
const quickMs = 50;
/** By which share the quickest is forgotten with every round, so that what was usual once is not asked for for ever. */
const forgotten = 1 / 32;
/** Rounds until as many writes as failed are tried again: at first, and at most. */
const rest = 16;
const maxRest = 4_096;

/**
 * How many writes go to a destination at once, as it answers: additive increase, multiplicative decrease. Writes go out
 * in rounds, and the next round begins when all of one were answered. While more waits, a round whose answers were all
 * quick is followed by one with a write more, up to the limit; a round with a slow answer, or with one that says that
 * the destination cannot take it now, by half as many, down to one. The number that failed is not tried again for a
 * while, which doubles each time that it fails again: a destination may take a write less and no more. A round that did
 * not fill what it may says nothing.
 */
export class Concurrency {
  readonly limit: number;
  #now = 1;
  /** How long the quickest of the answers of late took, ms. */
  #quickest = Number.POSITIVE_INFINITY;
  /** Writes that failed when they went at once. */
  #tooMany = Number.POSITIVE_INFINITY;
  /** Rounds for which there are fewer than those, and how many it will be the next time. */
  #resting = 0;
  #rest = rest;

  constructor(limit = 1) {
    this.limit = limit;
  }

  /** Writes of the next round, at most. */
  get now(): number {
    return this.#now;
  }

  /**
   * All writes of a round succeeded, after these times, ms; they had about as many events as those of any other round
   * that comes here. `isDeep`: as much waits as the next round may take.
   */
  answered(times: readonly number[], isDeep: boolean): void {
    if (!isDeep || times.length < this.#now) return;
    const isQuick = Math.max(...times) <= this.#quickest * quickFactor + quickMs;
    this.#quickest = Math.min(this.#quickest * (1 + forgotten), ...times);
    if (!isQuick) return this.slow(times.length);
    if (times.length >= this.#tooMany) {
      this.#tooMany = Number.POSITIVE_INFINITY;
      this.#rest = rest;
    }
    if (this.#resting > 0) this.#resting -= 1;
    const max = this.#resting > 0 ? Math.min(this.limit, this.#tooMany - 1) : this.limit;
    this.#now = Math.max(1, Math.min(max, this.#now + 1));
  }

  /** A round of this many writes was answered, but late. */
  slow(writes: number): void {
    this.#now = Math.max(1, Math.floor(Math.min(this.#now, writes) / 2));
  }

  /** The destination could not take one of a round of this many writes now. */
  failed(writes: number): void {
    this.slow(writes);
    // What is usual may be different afterwards.
    this.#quickest = Number.POSITIVE_INFINITY;
    if (writes === 1) return;
    this.#tooMany = writes;
    this.#resting = this.#rest;
    this.#rest = Math.min(maxRest, this.#rest * 2);
  }
}
