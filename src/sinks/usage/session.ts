import { readFileSync } from 'node:fs';
import { describe, SetupError } from '../../errors.js';
import type { Value } from '../../storage/database.js';
import { accessOf, type Rules } from '../../usage/access.js';
import { Agents } from '../../usage/agents.js';
import type { UsageConfig } from '../../usage/config.js';
import { keyedBy } from '../../usage/keys.js';
import { type IsRobot, parseRobots } from '../../usage/robots.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { KnownFacts } from './known-facts.js';

/** @throws SetupError when the list of robots cannot be used */
export async function openUsage(
  { source = 'clowder', robotsFile }: UsageConfig,
  { usage, idSecret }: Pick<SinkTools, 'usage' | 'idSecret'>,
): Promise<SinkSession> {
  const agents = new Agents(robotsFile === undefined ? undefined : readRobots(robotsFile));
  const rules: Rules = { source, agents, keyOf: keyedBy(idSecret) };
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

function readRobots(path: string): IsRobot {
  try {
    return parseRobots(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new SetupError(`the list of robots ${path} cannot be used: ${describe(error)} (set USAGE_ROBOTS_FILE)`);
  }
}
