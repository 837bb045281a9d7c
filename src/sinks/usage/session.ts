import type { Value } from '../../storage/database.js';
import { accessOf } from '../../usage/access.js';
import type { UsageConfig } from '../../usage/config.js';
import { rulesOf } from '../../usage/rules.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { KnownFacts } from './known-facts.js';

/** @throws SetupError when the list of robots cannot be used */
export async function openUsage(
  config: UsageConfig,
  { usage, idSecret }: Pick<SinkTools, 'usage' | 'idSecret'>,
): Promise<SinkSession> {
  const rules = rulesOf(config, idSecret);
  const known = new KnownFacts();
  return {
    write: async events => {
      const accesses: Value[] = [];
      const items: Value[] = [];
      for (const event of events) {
        const access = accessOf(event, rules);
        if (access === undefined) continue;
        for (const value of access.row) accesses.push(value);
        for (const [id, facts] of access.facts)
          if (known.add(id, facts, event.created)) items.push(id, event.created, JSON.stringify(facts));
      }
      return accesses.length === 0 ? {} : { duplicates: await usage.fold({ accesses, items }) };
    },
    // Only a write shows whether the disk has room.
    probe: async () => {},
    close: async () => {},
  };
}
