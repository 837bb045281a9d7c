import type { Event } from '../../events/event.js';
import type { Value } from '../../storage/database.js';
import type { FoldUsageArguments } from '../../storage/usage-accesses.js';
import { accessOf, type Rules } from '../../usage/access.js';
import type { UsageConfig } from '../../usage/config.js';
import { rulesOf } from '../../usage/rules.js';
import type { RowBatch, RowMaker, SinkSession, SinkTools } from '../sink.js';
import { KnownFacts } from './known-facts.js';

/** Turns events into accesses, with what they say of items that is not written yet. */
class Folding {
  readonly #rules: Rules;
  readonly #known = new KnownFacts();

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  rowsOf(events: readonly Event[], batch: RowBatch): FoldUsageArguments {
    const accesses: Value[] = [];
    const items: Value[] = [];
    for (const event of events) {
      const access = accessOf(event, this.#rules);
      if (access === undefined) continue;
      for (const value of access.row) accesses.push(value);
      for (const [id, facts] of access.facts)
        if (this.#known.add(id, facts, event.created, batch)) items.push(id, event.created, JSON.stringify(facts));
    }
    return { accesses, items };
  }
}

/** @throws SetupError when the list of robots cannot be used */
export function keepUsage(config: UsageConfig, { idSecret }: Pick<SinkTools, 'idSecret'>): RowMaker {
  const folding = new Folding(rulesOf(config, idSecret));
  return {
    usesContext: true,
    rowsOf: (events, batch) => ({ usage: folding.rowsOf(events, batch) }),
  };
}

/** @throws SetupError when the list of robots cannot be used */
export async function openUsage(
  config: UsageConfig,
  { usage, idSecret }: Pick<SinkTools, 'usage' | 'idSecret'>,
): Promise<SinkSession> {
  const folding = new Folding(rulesOf(config, idSecret));
  return {
    write: async events => {
      const batch = { written: false };
      const rows = folding.rowsOf(events, batch);
      const duplicates = rows.accesses.length === 0 ? 0 : await usage.fold(rows);
      batch.written = true;
      return { duplicates };
    },
    // Only a write shows whether the disk has room.
    probe: async () => {},
    close: async () => {},
  };
}
