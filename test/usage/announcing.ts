import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import type { Message } from '../../src/events/message.js';
import { silentLog } from '../../src/log.js';
import type { Storage } from '../../src/storage/storage.js';
import { accessOf } from '../../src/usage/access.js';
import { UsageAnnouncer } from '../../src/usage/announcer.js';
import { rulesOf } from '../../src/usage/rules.js';
import { Usage } from '../../src/usage/usage.js';
import { openStorage } from '../storage/scratch.js';
import { datasetId, usageConfig, view } from './scene.js';

/*
 * A process to be killed: takes accesses, and announces what changes with each few of them into a file.
 */

const idSecret = 'a secret for tests';
const march = Date.UTC(2026, 2, 15);
const dayMs = 86_400_000;
const never = new AbortController().signal;

export const publishedFile = (dir: string): string => join(dir, 'published');

export function usageOf(storage: Storage, publish: (messages: readonly Message[]) => Promise<void>): Usage {
  const announcer = new UsageAnnouncer({ storage, publish, idSecret, clock: systemClock });
  return new Usage({
    storage,
    config: usageConfig,
    waiting: async () => ({ pending: 0, dead: 0 }),
    isConnected: () => true,
    rules: () => rulesOf(usageConfig, idSecret),
    known: async events => events,
    announce: announcer.announce,
    clock: systemClock,
    log: silentLog,
  });
}

/** Begins with a line break, as the last line may have been cut. */
export const lineOf = ({ id, body }: Message): string => `\n${JSON.stringify({ id, body })}\n`;

async function announceForEver(storage: Storage, dir: string, round: string): Promise<never> {
  const rules = rulesOf(usageConfig, idSecret);
  const usage = usageOf(storage, async messages => appendFileSync(publishedFile(dir), messages.map(lineOf).join('')));
  for (let n = 0; ; n += 1) {
    const rows = [0, 1, 2, 3].flatMap(part => {
      const dataset = datasetId((n + part) % 40);
      const time = march + (n % 5) * dayMs + ((n * 977 + part * 11) % 80_000) * 1000;
      const fields = { resource_id: dataset, url: `/datasets/${dataset}`, bytes: 10 };
      return accessOf(view(time, fields, `${round}-${n}-${part}`), rules)?.row ?? [];
    });
    await storage.write('foldUsage', { accesses: rows, items: [] });
    await usage.announce(never);
    process.stdout.write('.');
  }
}

const [, script, dir, round] = process.argv;
if (script?.endsWith('announcing.js') && dir !== undefined && round !== undefined)
  await announceForEver(await openStorage(dir), dir, round);
