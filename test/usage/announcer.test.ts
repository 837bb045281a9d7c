import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { TransientError } from '../../src/errors.js';
import type { Event } from '../../src/events/event.js';
import { parseFilter } from '../../src/events/filter.js';
import type { Message } from '../../src/events/message.js';
import { silentLog } from '../../src/log.js';
import { isTaken } from '../../src/usage/announcer.js';
import { Usage } from '../../src/usage/usage.js';
import { thrown } from '../helpers/thrown.js';
import { inFolder, openStorage } from '../storage/scratch.js';
import { publishedFile, usageOf } from './announcing.js';
import { Published } from './published.js';
import { access, datasetId, download, monthsOf, UsageScene, usageConfig, view } from './scene.js';

const script = fileURLToPath(new URL('./announcing.js', import.meta.url));
const dayMs = 86_400_000;
const march = Date.UTC(2026, 2, 15);
const april = Date.UTC(2026, 3, 1);
const closing = april + 31 * dayMs;
const never = new AbortController().signal;

function announcing(): { scene: UsageScene; published: Published; announce: () => Promise<void> } {
  const scene = new UsageScene();
  const published = new Published();
  scene.scratch.now = march;
  scene.publish = async messages => published.take(messages);
  return { scene, published, announce: () => scene.usage.announce(never) };
}

const ofDataset = (number: number) => ({ resource_id: datasetId(number), url: `/datasets/${datasetId(number)}` });
const rows = (scene: UsageScene, table: string): number =>
  scene.scratch.database.value<number>(`SELECT count(*) FROM ${table}`) ?? -1;

async function isSame(scene: UsageScene, published: Published): Promise<void> {
  assert.equal(published.months(), await scene.months());
  assert.equal(published.leftOut(), await scene.leftOut());
}

test('differences add up to the counts, whatever is counted in between', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march), download(march + 60_000, { user_agent: 'curl/8.5.0' }));
  await announce();
  await isSame(scene, published);
  const before = published.events.size;
  await announce();
  assert.is(published.events.size, before, 'nothing has changed');
  await scene.take(view(march + dayMs), view(march + 120_000), download(march + 180_000));
  await announce();
  await isSame(scene, published);
});

test('a figure that falls has a negative difference', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march), view(march + 40_000));
  await announce();
  // Within 30 seconds of both: the first click goes, and the one in the middle goes.
  await scene.take(view(march + 20_000));
  await announce();
  assert.equal(published.leftOut(), { double_click: 2 });
  assert.ok([...published.events.values()].some(({ type, added }) => type.startsWith('total') && added === -1));
  await isSame(scene, published);
});

test('an event says what is known of its dataset, and lies within its day', async () => {
  const { scene, published, announce } = announcing();
  const place = { space_id: 'space-1', space_name: 'Weather', doi: '10.5072/rain' };
  await scene.take(view(march + 5000, { resource_name: 'Rain', ...place }), access(march, 'resource_download', {}));
  await announce();
  const [named, unknown] = ['da', undefined].map(start =>
    [...published.events.values()].find(
      ({ type, resource_id: id }) => type === 'total_dataset_investigations' && id?.slice(0, 2) === start,
    ),
  );
  assert.ok(named !== undefined && unknown !== undefined);
  const { created, ...known } = named;
  assert.ok(created >= march && created < march + 60_000);
  assert.equal(known, {
    category: 'usage',
    type: 'total_dataset_investigations',
    added: 1,
    access_method: 'regular',
    resource_type: 'dataset',
    resource_id: datasetId(1),
    resource_name: 'Rain',
    dataset_id: datasetId(1),
    ...place,
    period: '2026-03-15',
  });
  assert.equal(Object.keys(unknown).sort(), ['access_method', 'added', 'category', 'created', 'period', 'type']);
});

test('a month that closes is announced already, and what comes late is announced as late', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march), view(march + 10_000), download(march + dayMs));
  await announce();
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs));
  await announce();
  const before = published.events.size;
  await scene.usage.closeMonths();
  await announce();
  assert.is(published.events.size, before, 'closing changes no figure');
  await scene.take(view(march + 2 * dayMs, {}, 'late-1'));
  await announce();
  assert.equal(published.leftOut(), { double_click: 1, late: 1 });
  scene.scratch.now += 40 * dayMs;
  await scene.usage.closeMonths();
  await announce();
  await isSame(scene, published);
  assert.is(published.events.size, before + 1);
  assert.is(rows(scene, 'usage_announced_periods'), 2, 'March, and the day in May');
});

test('what is not announced when its month closes is announced of the month', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march));
  await announce();
  await scene.take(view(march + dayMs), download(march + 2 * dayMs));
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs));
  await scene.usage.closeMonths();
  await announce();
  await isSame(scene, published);
  const months = [...published.events.values()].filter(({ period }) => period === '2026-03');
  assert.ok(months.length > 0);
  for (const { created } of months) assert.is(new Date(created).toISOString().slice(0, 10), '2026-03-01');
});

test('whoever begins to announce later announces what there is: open months by the day, closed ones as a whole', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march), download(march + dayMs));
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs), view(closing + 2 * dayMs));
  await scene.usage.closeMonths();
  await announce();
  await isSame(scene, published);
  const periods = new Set([...published.events.values()].map(({ period }) => period));
  assert.equal([...periods].sort(), ['2026-03', '2026-05-03', '2026-05-04']);
});

test('a closed month that is counted anew is announced as what it comes to then', async () => {
  const { scene, published, announce } = announcing();
  const march15 = [view(march), download(march + 60_000)];
  await scene.take(...march15);
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs));
  await scene.usage.closeMonths();
  await scene.take(view(march + dayMs, {}, 'found'));
  await announce();
  assert.equal(published.leftOut(), { late: 1 });
  const { reopening } = scene.usage;
  await reopening.reopen(202603);
  await scene.take(...march15, view(march + dayMs, {}, 'found'), view(march + 2 * dayMs));
  await announce();
  assert.equal(published.leftOut(), { late: 1 }, 'nothing is announced while it collects');
  await reopening.finish(202603, false);
  await announce();
  assert.equal(published.leftOut(), {});
  await isSame(scene, published);
});

test('many datasets go in parts', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(...Array.from({ length: 450 }, (_, n) => view(march + n * 1000, ofDataset(n))));
  const sizes: number[] = [];
  scene.publish = async messages => {
    sizes.push(messages.length);
    published.take(messages);
  };
  await announce();
  assert.ok(sizes.length >= 3 && Math.max(...sizes) <= 1200, String(sizes));
  await isSame(scene, published);
});

test('what the broker does not take goes first next time', async () => {
  const { scene, published, announce } = announcing();
  await scene.take(view(march));
  const { publish } = scene;
  scene.publish = async () => {
    throw new TransientError('no broker');
  };
  assert.instance(await thrown(announce()), TransientError);
  assert.ok(rows(scene, 'usage_announcements') > 0);
  scene.publish = publish;
  await scene.take(view(march + dayMs));
  await announce();
  await isSame(scene, published);
  assert.is(rows(scene, 'usage_announcements'), 0);
});

const steps = fc.array(
  fc.record({
    accesses: fc.array(
      fc.record({
        seconds: fc.integer({ min: 0, max: 90 }),
        day: fc.integer({ min: 0, max: 2 }),
        dataset: fc.integer({ min: 1, max: 3 }),
        request: fc.boolean(),
        agent: fc.constantFrom(undefined, 'curl/8.5.0', 'Googlebot/2.1'),
      }),
      { maxLength: 8 },
    ),
    /** Where it stops: before the broker has it, after, or not at all. */
    crash: fc.constantFrom('before', 'after', undefined),
    /** At which of its messages, by number. */
    at: fc.integer({ min: 1, max: 2 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test('stopped at any moment: every difference is one event, none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      const { scene, published, announce } = announcing();
      for (const { accesses, crash, at } of all) {
        const events = accesses.map(({ seconds, day, dataset, request, agent }) => {
          const fields = { ...ofDataset(dataset), ...(agent === undefined ? {} : { user_agent: agent }) };
          const time = march + day * dayMs + seconds * 1000;
          return request ? download(time, { ...fields, dataset_id: datasetId(dataset) }) : view(time, fields);
        });
        await scene.take(...events);
        let sent = 0;
        scene.publish = async messages => {
          sent += 1;
          if (crash === 'before' && sent >= at) throw new Error('stopped');
          published.take(messages);
          if (crash === 'after' && sent >= at) throw new Error('stopped');
        };
        await announce().catch(() => {});
        scene.restart();
      }
      scene.publish = async messages => published.take(messages);
      await announce();
      await isSame(scene, published);
    }),
    { numRuns: 60 },
  );
});

/** Kills it at some moment after its first announcement. */
async function killed(dir: string, round: number): Promise<void> {
  const child = spawn(process.execPath, [script, dir, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  assert.is(child.exitCode, null, 'it runs');
  child.stdout.resume();
  await systemClock.sleep(20 + ((round * 37) % 90));
  child.kill('SIGKILL');
  await exited;
}

/** None of a line that was cut. */
function whole(line: string): Message[] {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

test('kill -9, again and again: every difference is one event, and they add up to the counts', () =>
  inFolder(async dir => {
    for (let round = 0; round < 3; round += 1) await killed(dir, round);
    const published = new Published();
    for (const line of readFileSync(publishedFile(dir), 'utf8').split('\n')) published.take(whole(line));
    assert.ok(published.events.size > 20, String(published.events.size));
    const storage = await openStorage(dir);
    try {
      const usage = usageOf(storage, async messages => published.take(messages));
      await usage.announce(never);
      assert.equal(published.months(), await monthsOf(usage));
    } finally {
      await storage.close();
    }
  }));

test('where nobody takes it, nothing is counted for it, and nothing is kept', async () => {
  const { scene } = announcing();
  const { calls, scratch } = scene;
  const clock = { now: () => scratch.now, monotonic: () => 0, sleep: async () => {} };
  const rules = () => {
    throw new Error('not asked for');
  };
  const waiting = async () => scene.waiting;
  const known = async (events: readonly Event[]) => events;
  const isConnected = () => true;
  const usage = new Usage({
    ...{ storage: calls, config: usageConfig, waiting, isConnected, rules, known, clock },
    log: silentLog,
  });
  await scene.take(view(march));
  await usage.announce(never);
  for (const table of ['usage_counts', 'usage_announced', 'usage_announcements']) assert.is(rows(scene, table), 0);
});

for (const [text, taken] of [
  ['all', true],
  ['!health', true],
  ['usage', true],
  ['upload,usage.left_out', true],
  ['upload,download', false],
  ['!usage', false],
] as const) {
  test(`a sink of ${text} takes ${taken ? 'some' : 'none'} of it`, () => {
    const parsed = parseFilter(text);
    assert.ok('filter' in parsed);
    assert.is(isTaken(parsed.filter), taken);
  });
}

test.run();
