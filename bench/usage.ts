import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../src/events/event.js';
import { openUsage } from '../src/sinks/usage/session.js';
import { type Calls, runRead, runWrite } from '../src/storage/calls.js';
import type { Database } from '../src/storage/database.js';
import { openForWriting } from '../src/storage/opening.js';
import type { Transaction } from '../src/storage/transaction.js';
import { datasetReport } from '../src/usage/report/dataset-report.js';
import { reportAsJson } from '../src/usage/report/json.js';
import { reportAsTsv } from '../src/usage/report/tsv.js';
import { rulesOf } from '../src/usage/rules.js';
import { Usage } from '../src/usage/usage.js';
import { figure, machine } from './measure/report.js';

/**
 * What usage costs: a million accesses of 10,000 datasets in one month, from events to rows; the counting of its days;
 * and a report of 24 months of 10,000 datasets. Everything is on this thread, so that the CPU is all that it takes; the
 * daemon writes on a thread of its own and counts on another.
 *
 *   node dist/bench/usage.js [ACCESSES]
 */
const accesses = Number(process.argv[2] ?? 1_000_000);
const datasets = 10_000;
const months = 24;
const batch = 1_000;
const begin = Date.UTC(2026, 2, 1);
const monthMs = 31 * 86_400_000;
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
  'python-requests/2.31.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
];
const config = {
  mode: 'on',
  source: 'nginx',
  robotsFile: undefined,
  closeMs: 31 * 86_400_000,
  platform: 'Bench',
  publisher: 'Bench',
  publisherId: undefined,
  isPublic: false,
} as const;

const hex = (number: number): string => number.toString(16).padStart(24, '0');

function event(n: number): Event {
  const created = begin + Math.floor((n / accesses) * (monthMs - 1));
  const dataset = (n * 7919) % datasets;
  const isDownload = n % 3 === 0;
  const id = `${created.toString(16).padStart(12, '0')}${((n * 2_654_435_761) >>> 0).toString(16).padStart(20, '0')}`;
  const fields = {
    category: isDownload ? 'resource_download' : 'page_view',
    type: isDownload ? 'file' : 'dataset',
    url: isDownload ? `/files/${hex(n % 100_000)}/blob` : `/datasets/${hex(dataset)}`,
    resource_id: hex(isDownload ? n % 100_000 : dataset),
    ...(isDownload ? { bytes: 1000 + (n % 5000) } : { resource_name: `Dataset ${dataset}` }),
    dataset_id: hex(dataset),
    space_id: hex(dataset % 100),
    method: 'GET',
    status: 200,
    user_agent: agents[n % agents.length],
    visitor: hex((n * 31) % 20_000),
    country: ['US', 'DE', 'CH', 'FR'][n % 4],
    created,
  };
  const { category, type } = fields;
  return { id, created, category, type, fields, source: 'nginx', received: created };
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function timed(what: string, work: () => Promise<unknown>): Promise<{ cpu: number; wall: number }> {
  const [cpu, wall] = [cpuMs(), performance.now()];
  await work();
  const spent = { cpu: cpuMs() - cpu, wall: performance.now() - wall };
  console.log(`${what}: ${figure(spent.wall)} ms, ${figure(spent.cpu)} ms of CPU`);
  return spent;
}

function callsOn(database: Database): Calls {
  const transaction = { database, now: begin, believed: begin } as Transaction;
  return {
    write: async (name, ...args) =>
      database.transaction('BEGIN IMMEDIATE', () => runWrite(transaction, [name, args[0]])) as never,
    read: async (name, ...args) => database.transaction('BEGIN', () => runRead(database, name, args[0])) as never,
  };
}

const dir = mkdtempSync(join(tmpdir(), 'event-sink-bench-'));
try {
  console.log(machine);
  const { database } = openForWriting(dir, 0);
  const calls = callsOn(database);
  const silent = { debug() {}, info() {}, warn() {}, error() {} } as never;
  const clock = { now: () => begin + monthMs, monotonic: () => performance.now(), sleep: async () => {} };
  const usage = new Usage({
    rules: () => rulesOf(config, 'bench'),
    storage: calls,
    config,
    known: async events => events,
    waiting: async () => ({ pending: 0, dead: 0 }),
    isConnected: () => true,
    clock,
    log: silent,
  });
  const session = await openUsage(config, {
    idSecret: 'bench',
    usage: { fold: args => calls.write('foldUsage', args) },
  });

  let folding = 0;
  for (let from = 0; from < accesses; from += batch) {
    const events = Array.from({ length: batch }, (_, index) => event(from + index));
    const before = cpuMs();
    await session.write(events, new AbortController().signal);
    folding += cpuMs() - before;
  }
  console.log(`folding: ${figure((folding * 1000) / accesses)} µs of CPU an access (at most 10)`);
  const bytes = database.value<number>("SELECT sum(pgsize) FROM dbstat WHERE name = 'usage_accesses'") ?? 0;
  console.log(`an access takes ${figure(bytes / accesses)} bytes`);
  const days = 31;
  const counting = await timed(`counting ${days} days`, () => usage.query(all('month')));
  console.log(`a day: ${figure(counting.wall / days)} ms`);
  await timed('closing the month', () => calls.write('closeUsageMonth', { month: 202603 }));

  database.exec(`
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${months - 2})
    INSERT INTO usage_counts
      SELECT (2024 + (n + 3) / 12) * 10000 + ((n + 3) % 12 + 1) * 100, item, machine, country, investigations, requests,
        unique_investigations, unique_requests, bytes, request_bytes, users, request_users
      FROM usage_counts, numbers WHERE period = 20260300`);
  console.log(`${figure(database.value<number>('SELECT count(*) FROM usage_counts') ?? 0)} rows of ${months} months`);
  const request = {
    begin: 20240401,
    end: 20260331,
    metricTypes: [
      'total-dataset-investigations',
      'total-dataset-requests',
      'unique-dataset-investigations',
      'unique-dataset-requests',
    ],
    accessMethods: ['regular', 'machine'],
    dataset: undefined,
    filters: [],
    unknown: [],
  } as const;
  for (const [name, format] of [
    ['TSV', reportAsTsv],
    ['JSON', reportAsJson],
  ] as const) {
    let length = 0;
    await timed(`a report as ${name} (at most 2,000 ms)`, async () => {
      const report = await datasetReport(usage, request, clock, name === 'TSV');
      if ('code' in report) throw new Error(report.data);
      for await (const part of format(report, config)) length += part.length;
    });
    console.log(`${figure(length / 2 ** 20)} MiB`);
  }
  for (const by of ['dataset', 'space', 'month', 'country'] as const)
    await timed(`/v1/usage?by=${by}`, () => usage.query(all(by)));
  database.close();
} finally {
  rmSync(dir, { recursive: true });
}

function all(by: 'dataset' | 'space' | 'month' | 'country') {
  return { by, from: 0, to: 99_999_999, limit: 100, offset: 0 } as const;
}
