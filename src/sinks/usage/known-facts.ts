import type { ItemFacts } from '../../usage/item.js';
import type { RowBatch } from '../sink.js';

/** Items that are remembered. */
const maxItems = 20_000;
/** What is said again is news after this time of the events, ms: it outdates what another event said in between. */
const repeatMs = 7 * 86_400_000;

interface Known {
  readonly facts: ItemFacts;
  readonly at: number;
  /** With which it is written. */
  readonly batch: RowBatch;
}

/**
 * What has been written of each item, so that every event does not write it again. What another batch is to write is
 * written with this one, too: that one may fail.
 */
export class KnownFacts {
  readonly #known = new Map<string, Known>();

  /** Whether it has to be written with this batch. */
  add(id: string, facts: ItemFacts, at: number, batch: RowBatch): boolean {
    const last = this.#known.get(id);
    const known = last?.batch === batch || last?.batch.written === true ? last : undefined;
    if (known !== undefined && at < known.at + repeatMs && isWithin(facts, known.facts)) return false;
    if (last === undefined && this.#known.size >= maxItems) this.#known.clear();
    if (known === undefined) this.#known.set(id, { facts, at, batch });
    else if (at >= known.at) this.#known.set(id, { facts: { ...known.facts, ...facts }, at, batch });
    else this.#known.set(id, { facts: { ...facts, ...known.facts }, at: known.at, batch });
    return true;
  }
}

function isWithin(facts: ItemFacts, known: ItemFacts): boolean {
  for (const name in facts) {
    const [said, before] = [facts[name as keyof ItemFacts], known[name as keyof ItemFacts]];
    if (said !== before && !(Array.isArray(said) && Array.isArray(before) && isSame(said, before))) return false;
  }
  return true;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
