// timeout: 300 s
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Status } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { countsIn, damage, fill } from '../storage/damage.js';

/** Events wait for a MongoDB that is not there. */
const sink = 'mongodb';
const template = temporaryFolder();
await fill(template.path, { sink, now: Date.now() });
const before = countsIn(template.path);
const env = { MONGODB_URI: `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=500` };
test.after(() => template.remove());

/** With RabbitMQ away, the daemon has its outbox and its ledger of queues. */
const withoutRabbitMQ = { ...env, RABBITMQ_URI: `amqp://127.0.0.1:${await freePort()}` };

/** What the daemon does with each table, and what makes it look at the rest of it. */
const embedded: Record<string, (daemon: TestDaemon) => Promise<unknown>> = {
  messages: daemon => daemon.post([{ category: 'upload' }]),
  settled: daemon => daemon.post([{ category: 'upload' }]),
  queues: daemon => daemon.post([{ category: 'upload' }]),
  ledger: daemon => daemon.json('/v1/ledger'),
  dead_letters: daemon => daemon.json('/v1/dead-letters?limit=1000'),
  events: daemon => daemon.json('/v1/events?limit=1000'),
  checkpoints: daemon => daemon.json('/v1/status'),
  counters: daemon => daemon.post([{ category: 'upload' }]),
  given_ids: daemon =>
    daemon.post(Array.from({ length: 300 }, (_, n) => ({ category: 'upload', id: `given-${n + 1}`, n }))),
};

const rabbitmq: Record<string, (daemon: TestDaemon) => Promise<unknown>> = {
  outbox: daemon => daemon.post([{ category: 'upload' }]),
  message_numbers: daemon => daemon.post([{ category: 'upload' }]),
  queue_ledgers: daemon => daemon.json('/v1/ledger'),
  queue_ledger_hours: daemon => daemon.json('/v1/ledger'),
  settled_messages: daemon => daemon.json('/v1/ledger'),
};

async function inCopy(body: (dir: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  try {
    cpSync(template.path, folder.path, { recursive: true });
    await body(folder.path);
  } finally {
    folder.remove();
  }
}

/** Does its work until the damage has been met, then asks what was lost. */
async function salvaged(daemon: TestDaemon, provoke: () => Promise<unknown>): Promise<Status> {
  return until(
    async () => {
      await provoke().catch(() => undefined);
      const status = await daemon.json('/v1/status');
      return status.storage.lost !== undefined && Object.keys(status.storage.lost).length > 0 ? status : undefined;
    },
    'a status that says what was lost',
    60_000,
    200,
  ).catch(error => {
    throw new Error(`${error.message}; the daemon says:\n${daemon.output.slice(-3_000)}`);
  });
}

async function checkReport(daemon: TestDaemon, dir: string, table: string, status: Status): Promise<void> {
  assert.equal(Object.keys(status.storage.lost), [table]);
  const lost = status.storage.lost[table] ?? 0;
  assert.ok(lost > 0 && lost <= Math.max(60, before[table] ?? 0), `${lost}`);
  const problem = status.problems.find(({ what }) => what.startsWith('The database in DATA_DIR was damaged'));
  assert.match(problem?.what ?? '', `Lost: ${lost.toLocaleString('en-US')} `);
  const metrics = await (await daemon.request('/metrics')).text();
  assert.match(metrics, `event_sink_storage_lost_rows{table="${table}"} ${lost}`);
  const name = readdirSync(dir).find(file => /\.damaged-.*\.json$/.test(file)) ?? '';
  assert.is(JSON.parse(readFileSync(join(dir, name), 'utf8')).tables[table].lost, lost);
  assert.ok(existsSync(join(dir, name.replace(/\.json$/, ''))));
  assert.match(problem?.fix ?? '', name);
  await daemon.logged('"storage.salvaged"');
}

/** They are read anew whenever somebody asks: damage is met while the daemon runs. */
const readOften = ['messages', 'dead_letters', 'events', 'given_ids', 'queue_ledger_hours'];
/** They are read at the start and then kept in memory: damage while the daemon runs is met by the next start. */
const readAtStart = ['checkpoints', 'outbox', 'message_numbers', 'settled_messages'];
// The others are small and written often: SQLite has them in its cache, and may put a damaged page right.

/** Events that wait: the outbox takes over what the embedded broker had, but for what was settled already. */
const waiting = ['messages', 'outbox'];

/** Nothing of any other table is gone, and of this one no more than was said. What grows may have grown. */
function checkRest(dir: string, table: string, lost: number): void {
  const after = countsIn(dir);
  for (const names of [['dead_letters'], ['events'], ['given_ids'], ['memories'], ['unnamed_messages'], waiting]) {
    const sum = (counts: Record<string, number>) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
    const settled = names === waiting ? (before.settled ?? 0) : 0;
    const left = sum(before) - settled - (names.includes(table) ? lost : 0);
    assert.ok(sum(after) >= left, `${names}: ${sum(after)} of ${left}`);
  }
}

function momentsOf(table: string): readonly ('at its start' | 'while it runs' | 'before a kill')[] {
  if (readOften.includes(table)) return ['at its start', 'while it runs'];
  return readAtStart.includes(table) ? ['at its start', 'before a kill'] : ['at its start'];
}

for (const [settings, tables] of [
  [env, embedded],
  [withoutRabbitMQ, rabbitmq],
] as const) {
  for (const [table, provoke] of Object.entries(tables)) {
    for (const when of momentsOf(table)) {
      test(`a page of ${table} that is damaged ${when}`, () =>
        inCopy(async dir => {
          const daemon = new TestDaemon({ dir, env: settings });
          try {
            if (when === 'at its start') damage(dir, table);
            await daemon.start();
            if (when !== 'at its start') damage(dir, table);
            if (when === 'before a kill') {
              await daemon.kill('SIGKILL');
              await daemon.start();
            }
            const status = await salvaged(daemon, () => provoke(daemon));
            await checkReport(daemon, dir, table, status);
            assert.is((await daemon.post([{ category: 'upload' }])).status, 202);
            assert.is(await daemon.kill('SIGTERM'), 0);
            checkRest(dir, table, status.storage.lost[table] ?? 0);
          } finally {
            await daemon.remove();
          }
        }));
    }
  }
}

test.run();
