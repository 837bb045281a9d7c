import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { silentLog } from '../../src/log.js';
import type { ImportNotes } from '../../src/storage/usage-gaps.js';
import { CompletenessMonitor } from '../../src/usage/completeness-monitor.js';
import { day, UsageScene, view } from '../usage/scene.js';

const hour = 3_600_000;
/** Counting begins on 15 March at 10:30. */
const start = day + 10.5 * hour;
const january = Date.UTC(2026, 0, 1);
const february = Date.UTC(2026, 1, 1);
const march = Date.UTC(2026, 2, 1);
const nothing: ImportNotes = { spans: [], gaps: [] };

async function started(): Promise<UsageScene> {
  const scene = new UsageScene();
  scene.scratch.now = start;
  const monitor = new CompletenessMonitor({
    storage: scene.calls,
    clock: { now: () => start, monotonic: () => 0, sleep: async () => {} },
    log: silentLog,
    daemon: () => ({ state: 'ready', queueGaps: 0 }),
    lost: async () => 0,
    logs: () => new Map(),
  });
  await monitor.start();
  return scene;
}

function note(scene: UsageScene, months: readonly number[], notes: Partial<ImportNotes> = nothing): void {
  scene.scratch.write('noteUsageImport', { months, ...nothing, ...notes });
}

/** `202601 before 744`: hours by month and reason. */
async function missing(scene: UsageScene): Promise<string[]> {
  const months = await scene.usage.completeness({ from: 0, to: 99_999_999 });
  return months.flatMap(({ month, gaps }) =>
    gaps.map(
      ({ from, to, reason, count }) => `${month} ${reason} ${(to - from) / hour}${count > 0 ? ` (${count})` : ''}`,
    ),
  );
}

test('a month that an import has opened lacks all hours, until an import has read them', async () => {
  const scene = await started();
  await scene.take(view(january + hour), view(start));
  note(scene, [202601]);
  assert.equal(await missing(scene), ['202601 before 744', '202603 before 347']);
  note(scene, [], { spans: [{ from: january + 24 * hour, to: january + 48.5 * hour }] });
  assert.equal(await missing(scene), ['202601 before 24', '202601 before 696', '202603 before 347']);
  note(scene, [202601]);
  assert.is((await missing(scene))[0], '202601 before 24', 'what was read is not missing again');
  note(scene, [], { spans: [{ from: january, to: february }] });
  assert.equal(await missing(scene), ['202603 before 347']);
});

test('hours of the first month before the start are there once their logs are imported', async () => {
  const scene = await started();
  await scene.take(view(start));
  note(scene, [202603], { spans: [{ from: day, to: start }] });
  assert.equal(await missing(scene), [`202603 before ${14 * 24}`]);
  note(scene, [202603], { spans: [{ from: january, to: start }] });
  assert.equal(await missing(scene), []);
  // When counting began is still known: February lies before it, April does not.
  await scene.take(view(february), view(Date.UTC(2026, 3, 2)));
  note(scene, [202602, 202604], { spans: [{ from: march, to: march + hour }] });
  assert.equal(await missing(scene), []);
  await scene.take(view(Date.UTC(2025, 11, 2)));
  note(scene, [202512]);
  assert.equal(await missing(scene), ['202512 before 744']);
});

test('what an import has read of a closed month is missing until the month is counted anew', async () => {
  const scene = await started();
  const access = view(january + hour);
  await scene.take(access);
  note(scene, [202601]);
  scene.scratch.now = Date.UTC(2026, 5, 1);
  await scene.usage.closeMonths();
  const all = { spans: [{ from: january, to: february + hour }] };
  const ofJanuary = async (): Promise<string[]> => (await missing(scene)).filter(line => line.startsWith('202601'));
  note(scene, [], all);
  assert.equal(await ofJanuary(), ['202601 before 744'], 'none of it counts');

  const { reopening } = scene.usage;
  await reopening.reopen(202601);
  note(scene, [202601], all);
  assert.equal(await ofJanuary(), ['202601 before 744'], 'it still has its old counts');
  scene.scratch.now = Date.UTC(2026, 8, 1);
  await scene.usage.closeMonths();
  await reopening.reopen(202601);
  await scene.take(access);
  assert.not.ok('refused' in (await reopening.finish(202601, false)));
  assert.equal(await ofJanuary(), ['202601 before 744'], 'what was left half-way is forgotten');

  scene.scratch.now = Date.UTC(2027, 0, 1);
  await scene.usage.closeMonths();
  await reopening.reopen(202601);
  await scene.take(access);
  note(scene, [202601], all);
  assert.not.ok('refused' in (await reopening.finish(202601, false)));
  assert.equal(await ofJanuary(), []);
});

test('what an import could not read is noted once, however often it is imported', async () => {
  const scene = await started();
  await scene.take(view(february));
  const span = { from: february, to: march };
  const gap = { hour: february + 5 * hour, reason: 'unread_lines', origin: 'a', ms: 0, count: 3 };
  note(scene, [202602], { spans: [span], gaps: [gap, { ...gap, origin: 'b', count: 4 }] });
  note(scene, [202602], { spans: [span], gaps: [gap] });
  assert.equal(await missing(scene), ['202602 unread_lines 1 (7)']);
});

test.run();
