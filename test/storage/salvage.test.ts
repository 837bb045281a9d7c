// timeout: 180 s
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../helpers/temporary.js';
import { countsIn, damage, fill, filler, tablesIn } from './damage.js';
import { columns, inFolder, openStorage } from './scratch.js';

const template = temporaryFolder();
await fill(template.path, { sink: 'a', now: Date.now() });
test.after(() => template.remove());

const tables = await inFolder(async dir => {
  await openStorage(dir).then(storage => storage.close());
  return tablesIn(dir);
});
/** They grow with the daemon's own work, or are written anew. */
const ownBookkeeping = ['messages', 'counters', 'checkpoints', 'ledger', 'queues', 'usage_gaps'];
/** Rows that one page of the largest of them holds; a table that is all on one page may go whole. */
const maxRowsOnPage = 60;

const numbered = (name: string): string[] => Array.from({ length: 300 }, (_, n) => `${name}-${n + 1}`);
const unnamed = numbered('').map((_, n) => ({
  hash: String(n + 1).padStart(64, '0'),
  redelivered: true,
  fresh: `fresh-${n}`,
}));

const allTime = { from: 0, until: 1e15, firstDay: 0, lastDay: 99_999_999 };

/** Looks at every row, as what uses the storage would sooner or later. */
async function touch(dir: string): Promise<void> {
  const failed: Error[] = [];
  const storage = await openStorage(dir, { onFatal: error => failed.push(error) }).catch(() => undefined);
  if (storage === undefined) return openStorage(dir).then(opened => opened.close());
  const { number: queue } = await storage
    .write('declareQueue', { name: 'event-sink.a', sink: 'a' })
    .catch(() => ({ number: 1 }));
  const everything: (() => Promise<unknown>)[] = [
    () => storage.read('ledgerReport', { now: 1 }),
    () => storage.write('take', { queue, after: 0, count: 1000, bytes: 1e9, atLeastOne: true }),
    () => storage.read('listDeadLetters', { sink: undefined, limit: 1000, after: 0 }),
    () => storage.read('queryEvents', { limit: 1000, order: 'received' }),
    () => storage.write('takeOutbox', { limit: 1000, after: 0 }),
    () => storage.keyValues('a').get(Array.from({ length: 300 }, (_, n) => `k-${n}`)),
    () => storage.checkpoints.get('c-1'),
    () => storage.write('checkCapacity', { prove: false }),
    () => storage.write('findGivenIds', { ids: numbered('given') }),
    () => storage.write('nameMessages', { queue: 'event-sink.a', messages: unnamed, held: [] }),
    () => storage.write('openQueueLedgers', { freshDaemonId: 'd', sinks: numbered('sink'), hour: 1 }),
    () => storage.read('queueLedgerHours', { since: 0 }),
    ...['clowder', filler].map(service => () => storage.read('availability', { service, ...allTime })),
    () => storage.read('trafficLogs'),
    () => storage.read('trafficSums', { spans: [{ log: filler, from: 0, until: 1e12, seconds: 60 }] }),
    () => storage.write('finishReopening', { month: 0, days: [], lower: false }),
    () => storage.read('changedUsageDays'),
    () => storage.read('countUsageDay', { day: 20260315 }),
    () => storage.read('auditedDays', { from: 0, to: 99_999_999 }),
    () => storage.read('usageGaps', { from: 0, to: 1_000 }),
    () => storage.read('usageMonths'),
    () => storage.write('erasedPeople'),
    () => storage.write('openErasures'),
    () => storage.read('usageLeftOut', { from: 0, to: 99_999_999 }),
    () => storage.write('announceUsage', { limit: 1000 }),
    () => storage.read('usageAnnouncements', { limit: 1000 }),
    () => storage.read('usage', { by: 'month', from: 0, to: 99_999_999, limit: 1000, offset: 0 }),
    () => storage.read('usage', { by: 'space', space: 'x', from: 0, to: 99_999_999, limit: 1000, offset: 0 }),
  ];
  for (const read of everything) await read().catch(() => undefined);
  await storage.close();
}

for (const table of tables) {
  test(`a damaged page of ${table}: what is on other pages is there, and the report names the rest`, () =>
    inFolder(async dir => {
      cpSync(template.path, dir, { recursive: true });
      const before = countsIn(dir);
      damage(dir, table);
      await touch(dir);
      const storage = await openStorage(dir);
      const report = await storage.ledger();
      assert.equal(
        report.sinks.filter(({ difference }) => difference !== 0),
        [],
        'the ledger counts what is lost as missing',
      );
      const lost = storage.lost();
      const problems = storage.problems().map(({ what }) => what);
      await storage.write('declareQueue', { name: 'event-sink.a', sink: 'a' });
      await storage.write('publish', columns(1_000, 1));
      await storage.close();
      assert.equal(Object.keys(lost), [table]);
      assert.match(problems.join(), /^The database in DATA_DIR was damaged, .+ Lost: [\d,]+ /);
      const after = countsIn(dir);
      for (const name of tables) {
        if (name === table || ownBookkeeping.includes(name)) continue;
        assert.is(after[name], before[name], name);
      }
      if (table !== 'usage_gaps') {
        const noted = after.usage_gaps! - before.usage_gaps!;
        assert.is(noted, table === 'usage_accesses' ? 12 : 0, 'months that lack accesses say so');
      }
      const fewer = before[table]! - after[table]!;
      assert.ok(fewer <= maxRowsOnPage, `${fewer} rows of ${table} are gone`);
      const aside = readdirSync(dir).find(name => /\.damaged-.*\.json$/.test(name)) ?? '';
      const written = JSON.parse(readFileSync(join(dir, aside), 'utf8'));
      assert.is(written.tables[table].lost, lost[table]);
      assert.ok(statSync(join(dir, aside.replace(/\.json$/, ''))).size > 0);
    }));
}

test.run();
