import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { monthlyReport } from '../../src/usage/monthly/report.js';
import { datasetId, download, UsageScene, view } from './scene.js';

const dayMs = 86_400_000;
const march = Date.UTC(2026, 2, 15);
const april = Date.UTC(2026, 3, 1);
const closing = april + 31 * dayMs;

/** A daemon that counted March while it was open, and is in the middle of May. */
async function inMay(): Promise<UsageScene> {
  const scene = new UsageScene();
  scene.scratch.now = march;
  await scene.take(view(march), view(march + 10_000), download(march + dayMs), download(march + 2 * dayMs));
  scene.scratch.now = closing + 10 * dayMs;
  return scene;
}

const rows = (scene: UsageScene, table: string): number =>
  scene.scratch.database.value<number>(`SELECT count(*) FROM ${table}`) ?? -1;

test('a month that closes keeps its figures and loses its accesses', async () => {
  const scene = await inMay();
  await scene.take(view(closing + dayMs));
  const before = await scene.months();
  assert.is(rows(scene, 'usage_accesses'), 5);
  await scene.usage.closeMonths();
  assert.equal(await scene.months(), before);
  assert.equal(await scene.leftOut(), { double_click: 1 });
  assert.is(rows(scene, 'usage_accesses'), 1);
  const [month, ...others] = await scene.usage.months();
  assert.is(month?.closed, scene.scratch.now);
  assert.equal(
    others.map(({ closed }) => closed),
    [null],
  );
});

test('what comes late is counted as late, once, and changes nothing', async () => {
  const scene = await inMay();
  await scene.take(view(closing + dayMs));
  await scene.usage.closeMonths();
  const before = await scene.months();
  const late = [view(march + 5 * dayMs, {}, 'late-1'), view(march + 6 * dayMs, {}, 'late-2')];
  await scene.take(...late);
  assert.is(await scene.take(...late), 2);
  assert.equal(await scene.months(), before);
  assert.equal(await scene.leftOut(), { double_click: 1, late: 2 });
  scene.scratch.now += 40 * dayMs;
  await scene.usage.closeMonths();
  assert.is(rows(scene, 'usage_late'), 0);
  assert.equal(await scene.leftOut(), { double_click: 1, late: 2 });
});

test('a clock that jumps ahead and back closes no month, and keeps none open', async () => {
  const scene = await inMay();
  scene.scratch.now = closing - 20 * dayMs;
  await scene.usage.closeMonths();
  scene.jumps = true;
  scene.scratch.now += 40 * dayMs;
  await scene.take(view(scene.scratch.now), view(Date.UTC(2024, 4, 1)));
  await scene.usage.closeMonths();
  const isClosed = async (): Promise<boolean[]> => (await scene.usage.months()).map(({ closed }) => closed !== null);
  assert.equal(await isClosed(), [false, false, false]);
  scene.scratch.now -= 40 * dayMs;
  const ahead = async (): Promise<number> =>
    (await scene.usage.months()).filter(({ opened }) => opened > scene.scratch.now).length;
  assert.is(await ahead(), 2);
  // An hour, by the clock that nobody sets.
  for (let time = 0; time < 40; time += 1) await scene.usage.closeMonths();
  assert.is(await ahead(), 0);
  scene.jumps = false;
  scene.scratch.now = closing;
  await scene.take(view(closing));
  await scene.usage.closeMonths();
  assert.equal(await isClosed(), [false, true, false], 'the one that was opened lately has its days');
});

test('a month stays open for the days that are set', async () => {
  const scene = await inMay();
  await scene.take(view(closing + dayMs));
  scene.scratch.now = closing - 1;
  await scene.usage.closeMonths();
  assert.equal(
    (await scene.usage.months()).map(({ closed }) => closed),
    [null, null],
  );
});

test('a daemon that was away reads on before a month closes', async () => {
  const scene = await inMay();
  await scene.usage.closeMonths();
  assert.equal(
    (await scene.usage.months()).map(({ closed }) => closed),
    [null],
    'nothing of May was counted yet',
  );
  await scene.take(view(march + 3 * dayMs), view(closing + dayMs));
  await scene.usage.closeMonths();
  assert.is((await scene.usage.months())[0]?.closed, scene.scratch.now);
  assert.match((await scene.months())[0] ?? '', /^202603 \S+ regular: 4 investigations/);
});

test('an old log that is read later has its time too', async () => {
  const scene = new UsageScene();
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs), view(march));
  await scene.usage.closeMonths();
  assert.equal(
    (await scene.usage.months()).map(({ closed }) => closed),
    [null, null],
  );
  scene.scratch.now += 31 * dayMs;
  await scene.usage.closeMonths();
  assert.is((await scene.usage.months())[0]?.closed, scene.scratch.now);
});

const robot = { user_agent: 'Googlebot/2.1' };
/** What says nothing of how far the source that is counted has come. */
const uncounted: readonly (readonly [what: string, event: (time: number) => Event])[] = [
  ['a robot', time => view(time, robot)],
  ['another source', time => ({ ...view(time), source: 'browser' })],
  ['a robot of another source', time => ({ ...view(time, robot), source: 'browser' })],
  ['an error', time => view(time, { status: 404 })],
];

for (const [what, event] of uncounted) {
  test(`${what} later on closes no month: what counts may still be behind`, async () => {
    const scene = await inMay();
    await scene.take(event(closing + dayMs), event(closing + 2 * dayMs));
    await scene.usage.closeMonths();
    assert.equal(
      (await scene.usage.months()).map(({ month, closed }) => [month, closed]),
      [[202603, null]],
    );
    await scene.take(view(march + 3 * dayMs), view(closing + 3 * dayMs));
    await scene.usage.closeMonths();
    assert.is((await scene.usage.months())[0]?.closed, scene.scratch.now);
    assert.match((await scene.months())[0] ?? '', /^202603 \S+ regular: 4 investigations/);
    assert.is((await scene.leftOut()).late, undefined);
  });

  test(`${what} opens no month: what counts has its time from its own first access`, async () => {
    const scene = new UsageScene();
    scene.scratch.now = march;
    await scene.take(event(march));
    assert.equal(await scene.usage.months(), []);
    assert.is(Object.values(await scene.leftOut())[0], 1, 'it is counted by its reason nevertheless');
    scene.scratch.now = closing + 10 * dayMs;
    await scene.take(view(march), view(closing + dayMs));
    await scene.usage.closeMonths();
    const [month] = await scene.usage.months();
    assert.equal(month, { month: 202603, opened: scene.scratch.now, closed: null, sources: ['nginx'] });
  });

  test(`${what} that comes after a month was closed is not late`, async () => {
    const scene = await inMay();
    await scene.take(view(closing + dayMs));
    await scene.usage.closeMonths();
    const [months, leftOut] = [await scene.months(), await scene.leftOut()];
    assert.is(await scene.take(event(march), event(march + dayMs)), 0);
    assert.equal([await scene.months(), await scene.leftOut()], [months, leftOut]);
    await scene.take(event(march), view(march));
    assert.equal(await scene.leftOut(), { ...leftOut, late: 1 });
  });

  test(`${what} in a month where nothing counts: its sums stay, and no rows`, async () => {
    const scene = new UsageScene();
    scene.scratch.now = march;
    await scene.take(event(march), event(march + dayMs));
    const leftOut = await scene.leftOut();
    scene.scratch.now = closing - dayMs;
    await scene.usage.closeMonths();
    assert.is(rows(scene, 'usage_accesses'), 2, 'it may count as long as other months wait');
    scene.scratch.now = closing + 10 * dayMs;
    await scene.usage.closeMonths();
    assert.equal(
      ['usage_accesses', 'usage_days', 'usage_audits'].map(table => rows(scene, table)),
      [0, 0, 0],
    );
    assert.equal(await scene.leftOut(), leftOut);
    await scene.take(event(march), view(march), view(closing + dayMs));
    const reason = Object.keys(leftOut)[0] ?? '';
    assert.equal(await scene.leftOut(), { [reason]: 3 });
    scene.scratch.now += 40 * dayMs;
    await scene.usage.closeMonths();
    assert.equal(await scene.leftOut(), { [reason]: 3 });
    assert.is((await scene.usage.months())[0]?.closed, scene.scratch.now);
  });
}

/** A view as Clowder says it. */
const published = (time: number, id: string): Event => ({
  ...view(time, { category: 'view_resource', status: undefined, user_agent: undefined }, id),
  category: 'view_resource',
  source: 'clowder',
});

test('a month is judged by what it was counted from, whatever is counted now', async () => {
  const clowder = new UsageScene({ source: 'clowder', heard: ['nginx', 'clowder'] });
  clowder.scratch.now = march;
  await clowder.take(published(march, 'said'), view(march), view(march + 60_000));
  const hour = april - dayMs;
  const gap = { hour, origin: '', ms: 1000, count: 0 };
  clowder.scratch.write('noteUsageGaps', {
    gaps: [
      { ...gap, reason: 'broker' },
      { ...gap, reason: 'unread_lines', hour: hour + 3_600_000 },
    ],
  });
  const scene = clowder.withConfig({ source: 'nginx' });
  const judged = async (): Promise<unknown> => {
    const [found] = await scene.usage.completeness({ from: 20260300, to: 20260399 });
    return [found?.sources, found?.gaps.map(({ reason }) => reason)];
  };
  assert.equal(await judged(), [['clowder'], ['broker']], 'open');
  scene.scratch.now = closing + 10 * dayMs;
  await scene.take(view(closing + dayMs));
  await scene.usage.closeMonths();
  assert.equal(
    (await scene.usage.months()).map(({ month, sources }) => [month, ...sources]),
    [
      [202603, 'clowder'],
      [202605, 'nginx'],
    ],
  );
  assert.equal(await judged(), [['clowder'], ['broker']], 'closed');
  const report = await monthlyReport(scene.usage, 202603, { now: () => scene.scratch.now });
  assert.is(report?.source, 'clowder');
  assert.match(report?.missing.join() ?? '', 'RabbitMQ could not be reached');
});

test('a month in which nothing counted lacks whatever was noted, whatever is counted now', async () => {
  const scene = new UsageScene({ source: 'nginx' });
  scene.scratch.now = march;
  await scene.take(view(march, {}, 'once'));
  const february = Date.UTC(2026, 1, 10);
  const reasons = ['broker', 'refused', 'stopped', 'unread_lines'];
  const gaps = [february, march].flatMap(at =>
    reasons.map((reason, n) => ({ hour: at + n * 3_600_000, reason, origin: '', ms: 1000, count: 0 })),
  );
  scene.scratch.write('noteUsageGaps', { gaps });
  const found = async (): Promise<unknown> =>
    (await scene.usage.completeness({ from: 20260100, to: 20260399 })).map(({ month, gaps: missing }) => [
      month,
      ...missing.map(({ reason }) => reason),
    ]);
  assert.equal(await found(), [
    [202602, ...reasons],
    [202603, 'unread_lines'],
  ]);
  // February as it was going on: what would have been counted is known.
  scene.scratch.now = february;
  assert.equal(await found(), [
    [202602, 'unread_lines'],
    [202603, 'unread_lines'],
  ]);
  // By other rules nothing of March counts.
  scene.scratch.now = april;
  scene.restart({ source: 'browser' });
  await scene.usage.reopening.recount(202603, [view(march, {}, 'once')], true);
  assert.equal(await found(), [
    [202602, ...reasons],
    [202603, ...reasons],
  ]);
});

test('a month in which another source was set is counted from both, until it is counted anew', async () => {
  const clowder = new UsageScene({ source: 'clowder', heard: ['nginx'] });
  clowder.scratch.now = march;
  const events = [published(march, 'said'), view(march, {}, 'read-1')];
  await clowder.take(...events);
  const scene = clowder.withConfig({ source: 'nginx' });
  const later = view(march + dayMs, {}, 'read-2');
  await scene.take(later);
  const sources = async (): Promise<unknown> => {
    await scene.months();
    return (await scene.usage.completeness({ from: 20260300, to: 20260399 }))[0]?.sources;
  };
  assert.equal(await sources(), ['nginx', 'clowder']);
  assert.match((await scene.months())[0] ?? '', /: 2 investigations/);
  await scene.usage.reopening.recount(202603, [...events, later], true);
  assert.equal(await sources(), ['nginx']);
  assert.match((await scene.months())[0] ?? '', /: 2 investigations/);
  scene.scratch.write('closeUsageMonth', { month: 202603 });
  assert.equal(await sources(), ['nginx']);
});

test('a month that is closed takes as much room for a thousand accesses as for one', async () => {
  const scene = await inMay();
  await scene.take(...Array.from({ length: 1000 }, (_, n) => view(march + n * 40_000)), view(closing + dayMs));
  await scene.usage.closeMonths();
  assert.is(scene.scratch.database.value('SELECT count(*) FROM usage_counts WHERE period = 20260300'), 1);
  assert.is(rows(scene, 'usage_accesses'), 1);
  assert.match((await scene.months())[0] ?? '', new RegExp(`^202603 ${datasetId(1)} regular: 100\\d inv`));
});

test.run();
