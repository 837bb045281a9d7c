import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event, Fields } from '../../src/events/event.js';
import type { AuditCounts } from '../../src/storage/usage-audit.js';
import { type AuditTotal, auditTotals } from '../../src/usage/audit.js';
import type { Usage } from '../../src/usage/usage.js';
import { access, datasetId, day, download, fileId, UsageScene, view } from './scene.js';

const march = { from: 20260301, to: 20260331 };
const midnight = day + 86_400_000;

/** As Clowder publishes it. */
function published(
  time: string | number,
  category: 'view_resource' | 'download',
  fields: Fields = {},
  file = 1,
): Event {
  const anonymous = { user_agent: undefined, visitor: undefined, status: undefined, method: undefined };
  const ids =
    category === 'download'
      ? { type: 'file', resource_id: fileId(file) }
      : { type: 'dataset', resource_id: datasetId(1) };
  return { ...access(time, category, { ...anonymous, ...ids, user_id: '0'.repeat(24), ...fields }), source: 'clowder' };
}

const viewed = (time: string | number, fields?: Fields): Event => published(time, 'view_resource', fields);
const fetched = (time: string | number, fields?: Fields, file?: number): Event =>
  published(time, 'download', fields, file);

/** As a page says it. */
function clicked(event: Event): Event {
  const { status: _status, method: _method, ...fields } = event.fields;
  const category = event.category === 'page_view' ? 'browser_page_view' : 'browser_download';
  return { ...event, category, source: 'browser', fields: { ...fields, category } };
}

/** The sums of March, by control. */
async function totalsOf(usage: Usage): Promise<Record<string, AuditTotal>> {
  return Object.fromEntries(auditTotals(await usage.audit(march)).map(total => [total.control, total]));
}

/** What both say, what one alone says, and what else there is. */
function inWords({ matched, counted, control }: AuditCounts): string {
  const words = [`${matched} both`];
  const add = (count: number, what: string): number => (count > 0 ? words.push(`${count} ${what}`) : 0);
  add(counted.alone, 'lost');
  add(control.alone, 'passed by');
  add(control.repeated, 'repeated');
  add(counted.repeated, 'counted twice');
  add(counted.incomparable, 'never said');
  for (const [reason, count] of Object.entries(control.leftOut)) add(count, reason);
  return words.join(', ');
}

const tables: Record<string, readonly (readonly [what: string, events: readonly Event[], expected: string])[]> = {
  'a view': [
    ['that both say', [view('10:00:00'), viewed('10:00:01')], '1 both'],
    ['that Clowder lost', [view('10:00:00')], '0 both, 1 lost'],
    ['that passed the proxy by', [viewed('10:00:00')], '0 both, 1 passed by'],
    ['a minute apart is one', [view('10:00:00'), viewed('10:01:00')], '1 both'],
    ['more than a minute apart is two', [view('10:00:00'), viewed('10:01:01')], '0 both, 1 lost, 1 passed by'],
    ['of another resource is another', [view('10:00:00'), fetched('10:00:00')], '0 both, 1 lost'],
    ['the nearest is the same', [view('10:00:00'), view('10:00:20'), viewed('10:00:21')], '1 both, 1 lost'],
    [
      'by two logins is two',
      [view('10:00:00', { user_id: 'ada' }), viewed('10:00:00', { user_id: 'carl' })],
      '0 both, 1 lost, 1 passed by',
    ],
    ['by a login is that of an address', [view('10:00:00'), viewed('10:00:00', { user_id: 'carl' })], '1 both'],
    [
      'the same login goes before the nearest',
      [view('10:00:00', { user_id: 'ada' }), view('10:00:30'), viewed('10:00:30', { user_id: 'ada' })],
      '1 both, 1 lost',
    ],
    [
      'by a robot is published too',
      [view('10:00:00', { user_agent: 'bingbot/2.0' }), viewed('10:00:01')],
      '0 both, 1 robot',
    ],
    ['by a robot is not missed', [view('10:00:00', { user_agent: 'bingbot/2.0' })], '0 both'],
  ],
  'a download': [
    [
      'that Clowder publishes twice',
      [download('10:00:00'), fetched('10:00:00'), fetched(day + 36_000_004)],
      '1 both, 1 repeated',
    ],
    [
      'twice, of two people',
      [download('10:00:00'), download('10:00:00', { visitor: 'v2' }), fetched('10:00:00'), fetched(day + 36_000_004)],
      '2 both',
    ],
    [
      'of which one is lost, and the other published twice',
      [download('10:00:00'), download('10:00:10'), fetched('10:00:00'), fetched(day + 36_000_004)],
      '1 both, 1 lost, 1 repeated',
    ],
    [
      'is not the one of another file',
      [download('10:00:00'), fetched('10:00:00', {}, 2)],
      '0 both, 1 lost, 1 passed by',
    ],
    [
      'of a file is found without its dataset',
      [download('10:00:00', { dataset_id: undefined }), fetched('10:00:00')],
      '1 both',
    ],
    [
      'with tracking=false',
      [download('10:00:00', { url: '/x?tracking=false' }), fetched('10:00:00')],
      '0 both, 1 preview',
    ],
    ['that was broken off', [download('10:00:00', { status: 499 }), fetched('10:00:00')], '0 both, 1 unsuccessful'],
    [
      'that failed does not stand for one that did not',
      [download('10:00:01', { status: 404 }), download('10:00:04'), fetched('10:00:00')],
      '1 both',
    ],
    [
      'in parts',
      [
        download('10:00:00', { status: 206, parts: 4 }),
        ...['10:00:00', '10:05:00', '10:10:00', '10:59:00'].map(at => fetched(at)),
      ],
      '1 both, 3 repeated',
    ],
    [
      'in parts, and one more in another hour',
      [download('10:00:00', { status: 206, parts: 2 }), fetched('10:00:00'), fetched('10:30:00'), fetched('11:30:00')],
      '1 both, 1 passed by, 1 repeated',
    ],
    ['that took an hour', [download('11:00:00', { duration: 3600 }), fetched('10:00:00')], '1 both'],
    [
      'that Clowder never publishes',
      ['/files/links/x', `/files/${fileId(1)}/download/png`, `/api/datasets/${datasetId(1)}/downloadPartial`].map(
        (url, at) => download(`1${at}:00:00`, { url }),
      ),
      '0 both, 3 never said',
    ],
    [
      'of which nobody knows what it was',
      [download('10:00:00', { resource_id: undefined, dataset_id: undefined, url: '/x' }), fetched('10:00:00')],
      '0 both, 1 passed by, 1 never said',
    ],
  ],
};

for (const [what, rows] of Object.entries(tables)) {
  for (const [how, events, expected] of rows) {
    test(`${what} ${how}`, async () => {
      for (const order of [events, [...events].reverse()]) {
        const scene = new UsageScene();
        await scene.take(...order);
        const { clowder } = await totalsOf(scene.usage);
        assert.is(inWords(clowder![what === 'a view' ? 'views' : 'downloads']), expected);
      }
    });
  }
}

test('a page says nothing of machines, and is compared by itself', async () => {
  const scene = new UsageScene();
  await scene.take(
    ...[view('10:00:00'), clicked(view('10:00:02'))],
    ...[download('11:00:00'), clicked(download('12:00:00'))],
    ...[view('13:00:00', { user_agent: 'curl/8.5.0' }), viewed('13:00:00')],
  );
  const { clowder, browser } = await totalsOf(scene.usage);
  assert.equal([browser!.views, browser!.downloads, clowder!.views].map(inWords), [
    '1 both, 1 never said',
    '0 both, 1 lost, 1 passed by',
    '1 both, 1 lost',
  ]);
});

test('where Clowder is counted, the log is the control, and says what it would leave out', async () => {
  const scene = new UsageScene({ source: 'clowder' });
  await scene.take(
    ...[view('10:00:00'), viewed('10:00:00')],
    ...[view('11:00:00', { user_agent: 'bingbot/2.0' }), viewed('11:00:00')],
    ...[fetched('12:00:00'), fetched(day + 12 * 3_600_000 + 3), download('12:00:00')],
  );
  const { nginx } = await totalsOf(scene.usage);
  assert.equal(nginx!.views.counted.leftOut, { robot: 1 });
  assert.is(inWords(nginx!.views), '1 both');
  assert.is(inWords(nginx!.downloads), '1 both, 1 counted twice');
  assert.equal(await scene.leftOut(), { double_click: 1, other_source: 3 });
});

test('what lies on both sides of midnight is one access, of the day on which it was counted', async () => {
  const scene = new UsageScene();
  await scene.take(
    ...[view(midnight - 1_000), viewed(midnight + 1_000)],
    ...[viewed(midnight - 500, { user_id: 'ada' }), view(midnight + 500, { user_id: 'ada' })],
    ...[download(midnight + 1_800_000, { duration: 7_200 }), fetched(midnight - 5_400_000)],
    ...[view(midnight - 120_000), viewed(midnight + 120_000)],
  );
  const days = await scene.usage.audit(march);
  assert.equal(
    days.map(({ day: date, controls: { clowder } }) => [date, inWords(clowder!.views), inWords(clowder!.downloads)]),
    [
      [20260315, '1 both, 1 lost', '0 both'],
      [20260316, '1 both, 1 passed by', '1 both'],
    ],
  );
  for (const { controls } of days)
    for (const { counted, control, matched } of [controls.clowder!.views, controls.clowder!.downloads])
      for (const side of [counted, control]) assert.is(side.accesses, matched + side.alone);
  const named = days.flatMap(({ controls }) => controls.clowder!.examples).map(({ at }) => at);
  assert.equal(named, [midnight - 120_000, midnight + 120_000]);
  const one = await scene.usage.audit({ from: 20260316, to: 20260316 });
  assert.equal(one, days.slice(1), 'a day is the same alone');
});

test('what comes later is compared, and another source compares anew', async () => {
  const scene = new UsageScene();
  await scene.take(view('10:00:00'));
  const words = async (): Promise<string> => inWords((await totalsOf(scene.usage)).clowder!.views);
  assert.is(await words(), '0 both, 1 lost');
  await scene.take(viewed('10:00:05'));
  assert.is(await words(), '1 both');
});

test('days are compared with what was counted on them, whatever is counted now', async () => {
  const scene = new UsageScene({ source: 'clowder' });
  await scene.take(viewed('10:00:00'), view('10:00:01'), view('11:00:00'));
  scene.scratch.now = midnight;
  const later = scene.withConfig({ source: 'nginx' });
  await later.take(view(midnight + 1_000), viewed(midnight + 2_000), viewed(midnight + 3_600_000));
  const totals = (): Promise<unknown[]> =>
    later.usage
      .audit(march)
      .then(days => auditTotals(days).map(({ source, control, views }) => [source, control, inWords(views)]));
  const expected = [
    ['clowder', 'nginx', '1 both, 1 passed by'],
    ['clowder', 'browser', '0 both, 1 lost'],
    ['nginx', 'clowder', '1 both, 1 passed by'],
    ['nginx', 'browser', '0 both, 1 lost'],
  ];
  assert.equal(await totals(), expected);
  later.scratch.now = Date.UTC(2026, 6, 1);
  await later.usage.closeMonths();
  assert.equal(await totals(), expected, 'closed');
});

test('a day on which the counted source says nothing is compared with what was counted around it', async () => {
  const dayMs = 86_400_000;
  const scene = new UsageScene({ source: 'clowder' });
  await scene.take(viewed(day), view(day + dayMs), viewed(day + 6 * dayMs));
  const later = scene.withConfig({ source: 'nginx' });
  await later.take(view(day + 9 * dayMs), viewed(day + 8 * dayMs), viewed(Date.UTC(2026, 3, 10)));
  const found = (await later.usage.audit({ from: 20260301, to: 20260430 })).map(one => [one.day, one.source]);
  assert.equal(found, [
    [20260315, 'clowder'],
    [20260316, 'clowder'],
    [20260321, 'clowder'],
    [20260323, 'nginx'],
    [20260324, 'nginx'],
    [20260410, 'nginx'],
  ]);
  const [, lost] = await later.usage.audit(march);
  assert.is(inWords(lost!.controls.nginx!.views), '0 both, 1 passed by');
  // What is learnt of its neighbours holds for it, too: nobody has looked at the day itself again.
  await later.take(view(day + 7 * dayMs + 1_000));
  const again = await later.usage.audit(march);
  assert.equal(
    again.map(one => one.source),
    ['clowder', 'clowder', 'clowder', 'nginx', 'nginx', 'nginx'],
  );
});

test('at most 20 of each kind are named, the first of them', async () => {
  const scene = new UsageScene();
  await scene.take(
    ...Array.from({ length: 50 }, (_, n) => [view(day + n * 1000), fetched(day + n * 1000, {}, n)]).flat(),
  );
  const [found] = await scene.usage.audit(march);
  const { examples, views } = found!.controls.clowder!;
  assert.is(views.counted.alone, 50);
  assert.is(examples.length, 40);
  assert.is(Math.max(...examples.map(({ at }) => at)), day + 19_000);
  assert.equal(examples[0], {
    ...{ at: day, id: examples[0]!.id, resource: datasetId(1), item: datasetId(1), request: false, side: 'counted' },
  });
});

test('a closed month keeps its counts without names, also where it ends at midnight', async () => {
  const april = Date.UTC(2026, 3, 1);
  const scene = new UsageScene();
  scene.scratch.now = day;
  await scene.take(view('10:00:00'), viewed('11:00:00'), view(april - 500), viewed(april + 500));
  scene.scratch.now = april + 40 * 86_400_000;
  await scene.take(view(april + 35 * 86_400_000));
  const year = { from: 20260101, to: 20261231 };
  const before = await scene.usage.audit(year);
  await scene.usage.closeMonths();
  const rows = 'SELECT count(*) FROM usage_accesses WHERE day < 20260401';
  assert.is(scene.scratch.database.value(rows), 0);
  const after = await scene.usage.audit(year);
  const counts = (days: typeof after) =>
    days.map(({ day: date, controls: { clowder } }) => [date, inWords(clowder!.views)]);
  assert.equal(counts(after), counts(before));
  assert.equal(counts(after), [
    [20260315, '0 both, 1 lost, 1 passed by'],
    [20260331, '1 both'],
    [20260401, '0 both'],
    [20260506, '0 both, 1 lost'],
  ]);
  assert.equal(
    after.slice(0, 2).flatMap(({ controls }) => Object.values(controls).flatMap(one => one.examples)),
    [],
  );
});

test.run();
