import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { parseFilter } from '../../src/events/filter.js';
import { EventStore, eventRows } from '../../src/storage/event-store.js';
import { recompute, takenBy } from '../../src/usage/recompute.js';
import { rulesOf } from '../../src/usage/rules.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { download, UsageScene, usageConfig, view } from './scene.js';

const events: readonly Event[] = [
  view('10:00:00'),
  view('10:00:20'),
  ...[1, 2, 3].map(n => download(`11:0${n}:00`, { user_agent: 'Downloader/1.0 (lab)' }, n)),
  download('12:00:00', { status: 206 }),
  view('13:00:00', { user_agent: 'Googlebot/2.1' }),
  download('14:00:00', { status: 404 }),
];

async function withStored(stored: readonly Event[], scene = new UsageScene()): Promise<UsageScene> {
  scene.scratch.write('insertEvents', { values: eventRows(stored) });
  await scene.take(...events);
  return scene;
}

test('the stored events give the same figures', async () => {
  const scene = await withStored(events);
  const [months, leftOut] = [await scene.months(), await scene.leftOut()];
  const done = await scene.usage.recompute(202603);
  if ('refused' in done) throw new Error(done.refused);
  assert.is(done.accesses, 8);
  assert.equal(done.after, done.before);
  assert.equal(await scene.months(), months);
  assert.equal(await scene.leftOut(), leftOut);
});

test('what was stored and not counted is counted', async () => {
  const scene = new UsageScene();
  scene.scratch.write('insertEvents', { values: eventRows(events) });
  await scene.take(events[0]!);
  const done = await scene.usage.recompute(202603);
  assert.equal('refused' in done ? done : [done.before?.regular.requests, done.after?.regular.requests], [0, 1]);
  assert.equal(await scene.months(), await (await withStored(events)).months());
});

test('another list of robots holds for what was counted before', async () => {
  const folder = temporaryFolder();
  const robotsFile = join(folder.path, 'robots.txt');
  writeFileSync(robotsFile, 'googlebot\n');
  const scene = await withStored(events, new UsageScene({ robotsFile }));
  writeFileSync(robotsFile, 'googlebot\nDownloader\n');
  const done = await scene.usage.recompute(202603);
  folder.remove();
  assert.equal('refused' in done ? done : [done.before?.regular.requests, done.after?.regular.requests], [4, 1]);
  assert.equal(await scene.leftOut(), { double_click: 1, robot: 4, unsuccessful: 1 });
});

test('an event that is not stored any more: nothing changes', async () => {
  const scene = await withStored(events.slice(1));
  const months = await scene.months();
  const done = await scene.usage.recompute(202603);
  assert.match('refused' in done ? done.refused : '', '1 of the 8 accesses of 2026-03');
  assert.equal(await scene.months(), months);
});

test('events of usage alone are in no store: they neither hinder, nor are they lost', async () => {
  const scene = await withStored(events);
  await scene.take(view('15:00:00', { user_agent: 'A crawler', agent_kind: 'crawler' }));
  await scene.take(download('16:00:00', { status: 304 }));
  const [months, leftOut] = [await scene.months(), await scene.leftOut()];
  const done = await scene.usage.recompute(202603);
  assert.is('refused' in done ? done.refused : done.accesses, 8);
  assert.equal([await scene.months(), await scene.leftOut()], [months, leftOut]);
});

test('where nothing counted by the rules of then, something may by those of now', async () => {
  const byPage = events.slice(0, 3).map((event): Event => ({ ...event, source: 'browser' }));
  const scene = new UsageScene();
  scene.scratch.write('insertEvents', { values: eventRows(byPage) });
  await scene.take(...byPage);
  assert.equal(await scene.leftOut(), { other_source: 3 });
  scene.restart({ source: 'browser' });
  const done = await scene.usage.recompute(202603);
  assert.equal('refused' in done ? done : [done.before, done.after?.regular.investigations], [undefined, 1]);
});

test('what the sink does not take does not come to count', async () => {
  const scene = new UsageScene();
  scene.scratch.write('insertEvents', { values: eventRows(events) });
  await scene.take(...events.filter(({ category }) => category === 'page_view'));
  const [months, leftOut] = [await scene.months(), await scene.leftOut()];
  const filter = parseFilter('!resource_download');
  if (!('filter' in filter)) throw new Error('a filter that cannot be read');
  const stored = takenBy(filter.filter, query => new EventStore(scene.calls).query(query));
  const rules = rulesOf(usageConfig, 'a secret for tests');
  assert.is(await recompute(202603, { storage: scene.calls, stored, rules }), 3);
  assert.equal([await scene.months(), await scene.leftOut()], [months, leftOut]);
});

test('what was imported for other sinks does not come to count; what was imported for usage stays', async () => {
  const scene = new UsageScene();
  const imported = events.map((event): Event => ({ ...event, source: 'import' }));
  scene.scratch.write('insertEvents', { values: eventRows(imported) });
  await scene.take(...imported.slice(0, 3));
  const [months, leftOut] = [await scene.months(), await scene.leftOut()];
  const done = await scene.usage.recompute(202603);
  assert.is('refused' in done ? done.refused : done.accesses, 3);
  assert.equal([await scene.months(), await scene.leftOut()], [months, leftOut]);
});

test('a page that was misdated neither hinders, nor does it come to count', async () => {
  const scene = new UsageScene({ source: 'browser' });
  const pages = [Date.UTC(2026, 3, 20), Date.UTC(2026, 0, 1)].map(
    (created): Event => ({ ...view(created), source: 'browser', received: Date.UTC(2026, 2, 15) }),
  );
  const counted: Event = { ...view('10:00:00'), source: 'browser' };
  scene.scratch.write('insertEvents', { values: eventRows([...pages, counted]) });
  await scene.take(...pages, counted);
  const [months, leftOut] = [await scene.months(), await scene.leftOut()];
  const done = await scene.usage.recompute(202603);
  assert.is('refused' in done ? done.refused : done.accesses, 1);
  assert.equal(leftOut, { misdated: 2 });
  assert.equal([await scene.months(), await scene.leftOut()], [months, leftOut]);
  assert.equal(await scene.usage.recompute(202604), { refused: '2026-04 has no usage' });
});

test('a closed month, and one without usage, stay as they are', async () => {
  const scene = await withStored(events);
  scene.scratch.now = Date.UTC(2026, 6, 1);
  await scene.take(view(Date.UTC(2026, 5, 1)));
  await scene.usage.closeMonths();
  const done = [await scene.usage.recompute(202603), await scene.usage.recompute(202601)];
  assert.equal(done, [{ refused: '2026-03 is closed, and stays as it is' }, { refused: '2026-01 has no usage' }]);
});

test.run();
