import { hashOf } from '../events/identity.js';

/** Texts that are counted exactly; those that come first after them share counters. */
const maxExact = 1_000_000;
const sharedBits = 24;

/**
 * Counts equal texts, by their hashes, so that each of several equal lines has a number of its own, and the same one
 * whenever the same lines come in the same order. In bounded memory: a text that comes after a million others may start
 * at a higher number than 0.
 */
export class Occurrences {
  readonly #exact = new Map<string, number>();
  #shared: Uint32Array | undefined;

  /** How often it came before, or more. @param hash hex digits, at least 6 */
  next(hash: string): number {
    const count = this.#exact.get(hash);
    if (count !== undefined || this.#exact.size < maxExact) {
      this.#exact.set(hash, (count ?? 0) + 1);
      return count ?? 0;
    }
    this.#shared ??= new Uint32Array(1 << sharedBits);
    const slot = Number.parseInt(hash.slice(0, sharedBits / 4), 16);
    const shared = this.#shared[slot] ?? 0;
    this.#shared[slot] = shared + 1;
    return shared;
  }
}

/** The id of a line that has none of its own: the same whenever the same lines come in the same order. */
export function lineId(text: string, occurrences: Occurrences): string {
  const hash = hashOf(text);
  return hashOf(`${hash}\n${occurrences.next(hash)}`);
}
