// timeout: 300 s
import { appendFileSync, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database } from '../../src/storage/database.js';
import { databaseFile } from '../../src/storage/files.js';
import { TestDaemon } from '../helpers/daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** By hand: `npm run proof -- usage`, thirty of them. */
const kills = Number(process.env.USAGE_KILLS ?? 2);
const linesEach = 3_000;
const postsEach = 40;
const postsAtOnce = 10;
const dayMs = 86_400_000;
/** The day before yesterday, whatever becomes of midnight meanwhile. */
const begin = Math.floor(Date.now() / dayMs) * dayMs - 2 * dayMs;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3 Safari/605.1.15',
  'curl/8.5.0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'ncsa.wordcount/2.1 pyClowder/3.0',
];

const id = (number: number): string => number.toString(16).padStart(24, '0');

/** Numbers that look random and are the same in every run. */
let state = 7;
function roll(sides: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * sides);
}

function logTime(ms: number): string {
  const date = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, '0');
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock} +0000`;
}

/** Addresses of half a dozen countries, by the database that comes with the daemon. */
const networks = ['8.8.8', '193.99.144', '200.160.2', '202.12.27', '196.216.2', '141.142.0'];

/** A dozen visitors, close enough together that many a click is a double one. */
function line(number: number): string {
  const dataset = roll(20);
  const targets = [
    `/datasets/${id(dataset)}`,
    `/files/${id(1_000 + dataset)}?dataset=${id(dataset)}`,
    `/files/${id(1_000 + dataset)}/blob?dataset=${id(dataset)}`,
    `/api/files/${id(1_000 + dataset)}/blob?dataset=${id(dataset)}`,
    `/api/datasets/${id(dataset)}/download`,
  ];
  const status = [200, 200, 200, 200, 206, 304, 404][roll(7)];
  const request = `"GET ${targets[roll(targets.length)]} HTTP/1.1" ${status} ${roll(100_000)}`;
  const visitor = roll(12);
  return `${networks[visitor % networks.length]}.${1 + visitor} - - [${logTime(begin + number * 1_500)}] ${request} "-" "${agents[roll(agents.length)]}"\n`;
}

function post(number: number) {
  const dataset = id(number % 20);
  const common = { url: `/datasets/${dataset}`, type: 'dataset', resource_id: dataset, method: 'GET', status: 200 };
  const asker = { user_agent: agents[number % 3], user_id: `user-${number % 5}` };
  return { id: `posted-${number}`, category: 'page_view', created: begin + number * 20_000, ...common, ...asker };
}

const lines = Array.from({ length: (kills + 1) * linesEach }, (_, number) => line(number));
const posts = Array.from({ length: (kills + 1) * postsEach }, (_, number) => post(number));

interface Counted {
  readonly usage: unknown;
  readonly months: readonly { readonly month: string; readonly left_out: Readonly<Record<string, number>> }[];
}

/** Everything that a daemon says of usage, once all has been read and counted. */
async function figures(daemon: TestDaemon): Promise<Record<string, Counted>> {
  await until(
    async () => {
      const { actors } = await daemon.json('/v1/status');
      const log = actors.find(({ path }) => path.startsWith('ingress/nginx-log/'));
      return Number(log?.detail.requests ?? 0) === lines.length;
    },
    'every line',
    60_000,
    50,
  );
  await daemon.drained(60_000);
  const answers: Record<string, Counted> = {};
  for (const by of ['dataset', 'month', 'space', 'user', 'country'] as const)
    answers[by] = withoutTimes((await (await daemon.request(`/v1/usage?by=${by}`)).json()) as Counted);
  return answers;
}

/** What is complete depends on when the daemon first started. */
function withoutTimes({ months, ...rest }: Counted): Counted {
  return { ...rest, months: months.map(({ month, left_out }) => ({ month, left_out })) };
}

/** Returns how many of them were taken, in their order: a daemon that is killed takes no more. */
async function deliver(daemon: TestDaemon, events: readonly unknown[]): Promise<number> {
  for (let from = 0; from < events.length; from += postsAtOnce) {
    const response = await daemon.post(events.slice(from, from + postsAtOnce)).catch(() => undefined);
    if (response?.status !== 202) return from;
  }
  return events.length;
}

/**
 * How many accesses a daemon that was killed has on its disk. A copy is looked at: to open the file itself would
 * recover it.
 */
function foldedBy({ dir }: TestDaemon): number {
  const folder = temporaryFolder();
  const copy = databaseFile(folder.path);
  for (const ending of ['', '-wal'])
    if (existsSync(databaseFile(dir) + ending)) copyFileSync(databaseFile(dir) + ending, copy + ending);
  const database = new Database(copy);
  try {
    return database.value<number>('SELECT count(*) FROM usage_accesses') ?? 0;
  } finally {
    database.close();
    folder.remove();
  }
}

/** Accesses that these lines come to, if each part of a file belongs to another part. */
const atLeastIn = (some: readonly string[]): number => some.filter(text => / (?:200|304) \d+ "-"/.test(text)).length;

/** The next fold of the sink is durable. */
async function nextFold(daemon: TestDaemon): Promise<void> {
  const delivered = async (): Promise<number> => {
    const { sinks } = await daemon.json('/v1/ledger');
    return sinks.find(({ sink }) => sink === 'usage')?.delivered ?? 0;
  };
  const before = await delivered();
  await until(async () => (await delivered()) > before, 'a fold', 60_000, 1);
}

async function withDaemon<Result>(body: (daemon: TestDaemon, log: string) => Promise<Result>): Promise<Result> {
  const folder = temporaryFolder();
  const log = join(folder.path, 'access.log');
  appendFileSync(log, '');
  const daemon = new TestDaemon({ env: { NGINX_ACCESS_LOG: log, USAGE: 'on' } });
  try {
    return await body(daemon, log);
  } finally {
    await daemon.remove();
    folder.remove();
  }
}

test(`a daemon that is killed ${kills} times while it folds has the months of one that was left in peace`, async () => {
  const wanted = await withDaemon(async (daemon, log) => {
    appendFileSync(log, lines.join(''));
    await daemon.start();
    assert.is(await deliver(daemon, posts), posts.length);
    return figures(daemon);
  });
  const reasons = new Set(wanted.month!.months.flatMap(({ left_out: leftOut }) => Object.keys(leftOut)));
  assert.equal([...reasons].sort(), ['double_click', 'extractor', 'robot'], 'all that a log can leave out');

  assert.ok((wanted.country!.usage as readonly unknown[]).length > 3, 'countries are counted, too');

  let underWay = 0;
  const found = await withDaemon(async (daemon, log) => {
    let sent = 0;
    let folded = 0;
    for (let round = 0; round <= kills; round += 1) {
      appendFileSync(log, lines.slice(round * linesEach, (round + 1) * linesEach).join(''));
      await daemon.start();
      if (round === kills) break;
      // What had no answer comes again in the next round: then it may be there already.
      const posting = deliver(daemon, posts.slice(sent, (round + 1) * postsEach));
      // By the clock, and right after a fold, in turn.
      if (round % 2 === 0) await new Promise(resolve => setTimeout(resolve, (round * 37) % 150));
      else await nextFold(daemon);
      await daemon.kill('SIGKILL');
      sent += await posting;
      const now = foldedBy(daemon);
      if (now > folded && now < atLeastIn(lines.slice(0, (round + 1) * linesEach))) underWay += 1;
      folded = now;
    }
    assert.is(await deliver(daemon, posts.slice(sent)), posts.length - sent);
    const counted = await figures(daemon);
    const { sinks } = await daemon.json('/v1/ledger');
    for (const { sink, difference, dead } of sinks) assert.equal([sink, difference, dead], [sink, 0, 0]);
    return counted;
  });
  assert.equal(found, wanted);
  console.log(
    `${underWay} of ${kills} kills fell between two folds: some was folded since the start, and some was not`,
  );
  // How they fall is a matter of time: only of many can it be expected.
  if (kills >= 30) assert.ok(underWay >= kills / 3, `${underWay}`);
});

test.run();
