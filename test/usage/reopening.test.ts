import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dayOf, monthOf } from '../../src/calendar.js';
import type { Event, Fields } from '../../src/events/event.js';
import { eventRows } from '../../src/storage/event-store.js';
import type { UsageSource } from '../../src/usage/access.js';
import { access, datasetId, download, UsageScene, view } from './scene.js';

const month = 202603;
const march: readonly Event[] = [
  view('10:00:00', { visitor: 'a' }, 'view-1'),
  view('11:00:00', { visitor: 'b' }, 'view-2'),
  download('12:00:00', { visitor: 'b' }, 1, 'download-1'),
  download('13:00:00', { visitor: 'c', status: 206 }, 2, 'download-2'),
];

/** March was counted and closed, and its accesses are gone. */
async function closedMarch(events = march): Promise<UsageScene> {
  const scene = new UsageScene();
  await scene.take(...events);
  scene.scratch.now = Date.UTC(2026, 6, 1);
  await scene.take(view(Date.UTC(2026, 5, 1)));
  await scene.usage.closeMonths();
  assert.is(accesses(scene), 0);
  return scene;
}

function accesses({ scratch }: UsageScene): number | undefined {
  return scratch.database.value<number>('SELECT count(*) FROM usage_accesses WHERE day / 100 = ?', month);
}

const closedAt = async (scene: UsageScene): Promise<number | null | undefined> =>
  (await scene.usage.months()).find(one => one.month === month)?.closed;

test('a closed month that is counted anew from the same events has the same figures, and is open again', async () => {
  const scene = await closedMarch();
  const months = await scene.months();
  const { reopening } = scene.usage;
  assert.ok(await reopening.reopen(month));
  assert.equal(await reopening.closedMonths(), [month]);
  await scene.take(...march);
  assert.equal(await scene.months(), months, 'until it is finished, everybody sees what there was');
  const done = await reopening.finish(month, false);
  if ('refused' in done) throw new Error(done.refused);
  assert.is(done.accesses, 4);
  assert.equal(done.after, done.before);
  assert.equal(await scene.months(), months);
  assert.is(await closedAt(scene), null);
  assert.is(await scene.take(...march), 4, 'what comes again is known');
  assert.equal(await scene.months(), months);
});

test('more than there was is taken; less is refused in words, and may be ordered', async () => {
  const scene = await closedMarch(march.slice(0, 3));
  const [before] = await scene.months();
  const { reopening } = scene.usage;
  await reopening.reopen(month);
  await scene.take(march[0]!, march[1]!);
  const refused = await reopening.finish(month, false);
  assert.match('refused' in refused ? refused.refused : '', /2026-03 would lose: investigations of da0+1 from 3 to 2/);
  assert.is((await scene.months())[0], before);
  assert.type(await closedAt(scene), 'number');

  await scene.take(...march);
  const done = await reopening.finish(month, false);
  assert.equal('refused' in done ? done : [done.before?.regular.requests, done.after?.regular.requests], [1, 2]);

  const other = await closedMarch();
  await other.usage.reopening.reopen(month);
  await other.take(march[0]!);
  const lowered = await other.usage.reopening.finish(month, true);
  assert.equal('refused' in lowered ? lowered : lowered.after?.regular.investigations, 1);
});

test('while events wait for the sink, nobody says yet that something is missing', async () => {
  const scene = await closedMarch();
  await scene.usage.reopening.reopen(month);
  scene.waiting = { pending: 3, dead: 0 };
  const outcome = await scene.usage.reopening.finish(month, false).catch((error: Error) => error.name);
  assert.is(outcome, 'TransientError');
});

test('an open month, and one without usage, are not reopened', async () => {
  const scene = new UsageScene();
  await scene.take(...march);
  const { reopening } = scene.usage;
  assert.equal([await reopening.reopen(month), await reopening.reopen(202601)], [false, false]);
  assert.equal(await reopening.finish(month, false), { refused: '2026-03 is not being counted anew' });
});

test('what is left half-way is closed after a while with the figures that it had, and can be begun again', async () => {
  const scene = await closedMarch();
  const months = await scene.months();
  const { reopening } = scene.usage;
  await reopening.reopen(month);
  await scene.take(march[0]!);
  await scene.usage.closeMonths();
  assert.is(accesses(scene), 1, 'it is kept as long as a month is open');
  scene.scratch.now = Date.UTC(2026, 7, 15);
  await scene.usage.closeMonths();
  assert.is(accesses(scene), 0);
  assert.equal(
    (await scene.months()).filter(line => line.startsWith('202603')),
    months.filter(line => line.startsWith('202603')),
  );
  await reopening.reopen(month);
  await scene.take(...march);
  const done = await reopening.finish(month, false);
  assert.not.ok('refused' in done);
});

test('how many events wait cannot be found out: it is said, and nothing else waits for it', async () => {
  const scene = await closedMarch();
  await scene.usage.reopening.reopen(month);
  await scene.take(march[0]!);
  const april = Date.UTC(2026, 3, 15);
  // May, of which nothing but a robot is known, is over long ago; and April is due.
  await scene.take(view(Date.UTC(2026, 4, 15), { user_agent: 'Googlebot/2.1' }), view(april));
  scene.scratch.now = Date.UTC(2026, 7, 15);
  await scene.take(view(scene.scratch.now));
  scene.waitingFault = new Error('RabbitMQ does not answer');
  await scene.usage.closeMonths();
  const lines = scene.log.lines.map(line => JSON.parse(line) as { reason: string; line: string });
  assert.equal(
    lines.filter(({ line }) => line.endsWith('.delayed')),
    [
      { reason: 'RabbitMQ does not answer', line: 'closing.delayed' },
      { reason: 'RabbitMQ does not answer', line: 'reclosing.delayed' },
    ],
  );
  const days = (): unknown[] => scene.scratch.database.rows<[number]>('SELECT day FROM usage_accesses').flat();
  assert.equal(days().includes(20260515), false, 'what is over is trimmed');
  assert.is(accesses(scene), 1);
  scene.waitingFault = undefined;
  await scene.usage.closeMonths();
  assert.is(accesses(scene), 0, 'the next time it is closed');
  assert.equal(
    (await scene.usage.months()).map(one => [one.month, one.closed === null]),
    [
      [month, false],
      [202604, false],
      [202606, false],
      [202608, true],
    ],
  );
});

test('a month into which an import is still sending is not left half-way, however long it takes', async () => {
  const scene = await closedMarch();
  const { reopening } = scene.usage;
  await reopening.reopen(month);
  await scene.take(march[0]!);
  const later = async (days: number): Promise<number | undefined> => {
    scene.scratch.now += days * 86_400_000;
    await scene.usage.closeMonths();
    return accesses(scene);
  };
  assert.is(await later(30), 1);
  await scene.take(march[1]!);
  assert.is(await later(30), 2, 'something came for it meanwhile');
  scene.waiting = { pending: 2, dead: 0 };
  assert.is(await later(30), 2, 'the rest waits for the sink');
  scene.waiting = { pending: 0, dead: 0 };
  reopening.sent.note([month]);
  await scene.usage.closeMonths();
  assert.is(accesses(scene), 2, 'more is being sent');
  await scene.take(...march.slice(2));
  assert.not.ok('refused' in (await reopening.finish(month, false)));
  assert.equal(await scene.months(), await (await closedMarch()).months());
});

/*
 * One click in March and one in April, 20 s later: of one user they are a double click, the first of which is removed.
 * Who is known by address alone is another user at midnight.
 */
const midnight = Date.UTC(2026, 3, 1);
const people: Record<string, readonly [fields: Fields, march: number, april: number]> = {
  'somebody who logged in': [{ user_id: 'ada' }, 0, 1],
  'somebody with a cookie': [{ device_id: 'cookie-1', visitor: undefined }, 0, 1],
  'somebody known by address alone': [{}, 1, 1],
};

/** What of a recording comes to which month, after what has happened to both. */
const histories: Record<string, (scene: UsageScene, march: Event, april: Event) => Promise<void>> = {
  'both open': async (scene, ...clicks) => {
    await scene.take(...clicks);
  },
  'both open, the later one first': async (scene, ...clicks) => {
    await scene.take(...[...clicks].reverse());
  },
  'both closed': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
  },
  'March counted anew while April is open': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene, [month]);
    await countedAnew(scene, month, clicks);
  },
  'March counted anew, April closed': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
    await countedAnew(scene, month, clicks);
  },
  'both counted anew': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
    await countedAnew(scene, month, clicks);
    await countedAnew(scene, 202604, clicks);
  },
  'both counted anew, April first': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
    await countedAnew(scene, 202604, clicks);
    await countedAnew(scene, month, clicks);
  },
  'April left half-way, March counted anew': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
    await scene.usage.reopening.reopen(202604);
    leaveHalfWay(scene);
    await countedAnew(scene, month, clicks);
  },
  'March counted anew and recomputed, April closed': async (scene, ...clicks) => {
    await scene.take(...clicks);
    await closeAll(scene);
    await countedAnew(scene, month, clicks);
    scene.scratch.write('insertEvents', { values: eventRows([...others, ...clicks]) });
    const done = await scene.usage.recompute(month);
    if ('refused' in done) throw new Error(done.refused);
  },
};

/** So that both months have something that counts. */
const others = [view('10:00:00', {}, 'other-1'), view(Date.UTC(2026, 3, 15), {}, 'other-2')];
const clicked = { resource_id: datasetId(2), url: '/datasets/2' };

async function closeAll(scene: UsageScene, months = [month, 202604]): Promise<void> {
  await scene.months();
  for (const one of months) assert.ok(scene.scratch.write('closeUsageMonth', { month: one }));
  assert.ok(scene.scratch.write('trimUsage', { lateBefore: 0, limit: 1000 }) < 1000);
}

/** Nothing has come for long. */
function leaveHalfWay({ scratch }: UsageScene): void {
  scratch.write('closeForsaken', { heardBefore: scratch.now + 1, sent: [] });
  assert.ok(scratch.write('trimUsage', { lateBefore: 0, limit: 1000 }) < 1000);
}

async function countedAnew(scene: UsageScene, one: number, clicks: readonly Event[]): Promise<void> {
  await scene.usage.reopening.reopen(one);
  await scene.take(...[...others, ...clicks].filter(({ created }) => monthOf(dayOf(created)) === one));
  const done = await scene.usage.reopening.finish(one, false);
  if ('refused' in done) throw new Error(done.refused);
}

for (const [who, [fields, inMarch, inApril]] of Object.entries(people))
  for (const [what, history] of Object.entries(histories))
    test(`two clicks over the end of a month of ${who}: ${what}`, async () => {
      const scene = new UsageScene();
      scene.scratch.now = Date.UTC(2026, 3, 20);
      await scene.take(...others);
      await history(
        scene,
        view(midnight - 10_000, { ...clicked, ...fields }, 'first'),
        view(midnight + 10_000, { ...clicked, ...fields }, 'second'),
      );
      assert.equal([await viewsIn(scene, month), await viewsIn(scene, 202604)], [inMarch, inApril]);
    });

/** Both clicks as each source says them. */
const said: Record<UsageSource, readonly [march: Event, april: Event]> = {
  nginx: [click('page_view', -10_000), click('page_view', 10_000)],
  clowder: [click('view_resource', -10_000), click('view_resource', 10_000)],
  browser: [click('browser_page_view', -10_000), click('browser_page_view', 10_000)],
};

function click(category: string, after: number): Event {
  const ids = { type: 'dataset', user_id: 'ada', ...clicked };
  return access(midnight + after, category, ids, `${category} ${after}`);
}

/** Views of the dataset in a month. */
async function viewsIn(scene: UsageScene, one: number): Promise<number> {
  const range = { from: one * 100, to: one * 100 + 99 };
  const [row] = await scene.usage.query({ by: 'dataset', dataset: datasetId(2), ...range, limit: 1, offset: 0 });
  return row?.regular.investigations ?? 0;
}

for (const [before, now] of [
  ['nginx', 'clowder'],
  ['clowder', 'nginx'],
  ['nginx', 'browser'],
  ['nginx', 'nginx'],
  ['clowder', 'clowder'],
] as const)
  test(`April was counted from ${before}, and is counted anew from ${now}: one click is one`, async () => {
    const scene = new UsageScene({ source: before });
    scene.scratch.now = Date.UTC(2026, 3, 20);
    await scene.take(...said[before]);
    await closeAll(scene);
    assert.equal([await viewsIn(scene, month), await viewsIn(scene, 202604)], [0, 1]);
    const kept = scene.scratch.database.rows('SELECT source, reason FROM usage_accesses');
    assert.equal(kept, [[before, null]], 'the second click is kept');

    const later = scene.withConfig({ source: now });
    await later.usage.reopening.reopen(202604);
    await later.take(said[now][1]);
    const done = await later.usage.reopening.finish(202604, false);
    assert.is('refused' in done ? done.refused : done.after?.regular.investigations, 1);
    assert.equal([await viewsIn(later, month), await viewsIn(later, 202604)], [0, 1]);
    assert.equal((await later.usage.months()).find(one => one.month === 202604)?.sources, [now]);
  });

/** April was counted from the log and closed, and its one click has come again when the daemon stops. */
async function halfWay(): Promise<UsageScene> {
  const scene = new UsageScene({ source: 'nginx' });
  scene.scratch.now = Date.UTC(2026, 3, 20);
  const inApril = click('page_view', 10 * 86_400_000);
  await scene.take(inApril);
  await closeAll(scene, [202604]);
  await scene.usage.reopening.reopen(202604);
  await scene.take(inApril);
  return scene;
}

test('April is left half-way, and counted anew from another source: one click is one', async () => {
  const later = (await halfWay()).withConfig({ source: 'clowder' });
  const { reopening } = later.usage;
  const inApril = click('view_resource', 10 * 86_400_000);
  assert.ok(await reopening.reopen(202604));
  await later.take(inApril);
  // As each part of a recording does.
  assert.ok(await reopening.reopen(202604));
  const done = await reopening.finish(202604, false);
  assert.is('refused' in done ? done.refused : done.after?.regular.investigations, 1);
  assert.equal((await later.usage.months()).find(one => one.month === 202604)?.sources, ['clowder']);
});

test('a count that was under way when another source came to count is not taken', async () => {
  const later = (await halfWay()).withConfig({ source: 'clowder' });
  const counted = later.scratch.read('countUsageDay', { day: 20260411 });
  await later.usage.reopening.reopen(202604);
  const finish = { month: 202604, days: [counted], lower: true };
  assert.is(later.scratch.write('finishReopening', finish), 'changed');
});

test('April is left half-way by another source: its first clicks are those of its counts', async () => {
  const scene = new UsageScene({ source: 'nginx' });
  scene.scratch.now = Date.UTC(2026, 3, 20);
  await scene.take(...said.nginx);
  await closeAll(scene);
  const later = scene.withConfig({ source: 'clowder' });
  await later.usage.reopening.reopen(202604);
  await later.take(said.clowder[1]);
  leaveHalfWay(later);
  const kept = scene.scratch.database.rows('SELECT source, reason FROM usage_accesses');
  assert.equal(kept, [['nginx', null]]);
  assert.equal([await viewsIn(later, month), await viewsIn(later, 202604)], [0, 1]);
});

test('what another source said counts where it is counted now, as far as it is still there', async () => {
  const scene = new UsageScene({ source: 'nginx' });
  scene.scratch.now = Date.UTC(2026, 3, 20);
  const robot = access(midnight + 60_000, 'view_resource', {
    ...clicked,
    type: 'dataset',
    user_agent: 'Googlebot/2.1',
  });
  await scene.take(...said.nginx, ...said.clowder, robot);
  await scene.months();
  // Closed a moment ago: nothing was deleted yet.
  for (const one of [month, 202604]) assert.ok(scene.scratch.write('closeUsageMonth', { month: one }));
  const later = scene.withConfig({ source: 'clowder' });
  for (const one of [month, 202604]) {
    await later.usage.reopening.reopen(one);
    assert.not.ok('refused' in (await later.usage.reopening.finish(one, true)));
  }
  assert.equal([await viewsIn(later, month), await viewsIn(later, 202604)], [0, 1]);
  assert.equal(later.scratch.database.rows('SELECT source, reason FROM usage_accesses ORDER BY time, source'), [
    ['clowder', null],
    ['nginx', 'other_source'],
    ['clowder', null],
    ['nginx', 'other_source'],
    ['clowder', 'robot'],
  ]);
});

test('the last click of March counts again where the one that followed it does not any more', async () => {
  const scene = new UsageScene({ source: 'nginx' });
  scene.scratch.now = Date.UTC(2026, 3, 20);
  await scene.take(...others.slice(0, 1), ...said.nginx);
  await closeAll(scene, [202604]);
  assert.is(await viewsIn(scene, month), 0);
  const later = scene.withConfig({ source: 'clowder' });
  await later.usage.reopening.reopen(202604);
  assert.is(await viewsIn(later, month), 1);
});

test('late accesses that are counted anew are late no more', async () => {
  const scene = await closedMarch();
  await scene.take(download('15:00:00', { visitor: 'd' }, 3, 'late-1'));
  assert.is((await scene.leftOut()).late, 1);
  await scene.usage.reopening.reopen(month);
  await scene.take(...march, download('15:00:00', { visitor: 'd' }, 3, 'late-1'));
  const done = await scene.usage.reopening.finish(month, false);
  assert.is('refused' in done ? undefined : done.after?.regular.requests, 3);
  assert.is((await scene.leftOut()).late, undefined);
});

test('a recording is looked at first, and then takes the place of what was known of the same events', async () => {
  const scene = new UsageScene();
  await scene.take(...march.slice(0, 2));
  const { reopening } = scene.usage;
  const june = view(Date.UTC(2026, 5, 1));
  const seen = await reopening.recount(month, [...march, june], false);
  assert.equal(seen, { accesses: 4, known: 2, kept: 2, closed: false });
  assert.is(accesses(scene), 2);
  const kept = await reopening.recount(month, [...march, june], true);
  assert.equal(kept, { accesses: 4, known: 2, kept: 4, closed: false });
  assert.equal(await scene.months(), await (await closedMarch()).months().then(lines => lines.filter(isMarch)));
});

test('a recording of a closed month is collected beside its counts', async () => {
  const scene = await closedMarch();
  const months = await scene.months();
  const seen = await scene.usage.reopening.recount(month, march, true);
  assert.equal(seen, { accesses: 4, known: 0, kept: 4, closed: true });
  assert.equal(await scene.months(), months);
  assert.not.ok('refused' in (await scene.usage.reopening.finish(month, false)));
  assert.equal(await scene.months(), months);
});

const isMarch = (line: string): boolean => line.startsWith('202603');

test.run();
