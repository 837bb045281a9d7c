import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runMonitor } from '../../src/status/monitor.js';
import type { LedgerReport } from '../../src/storage/ledger-report.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

class Scene {
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  readonly stop = new AbortController();
  row: { missing: number; acknowledged?: number; difference: number | null } = { missing: 0, difference: 0 };
  asked = 0;
  fault: Error | undefined;
  /** What each look takes, ms. */
  tookMs = 0;

  readonly over = runMonitor({
    status: async () => {
      this.asked += 1;
      if (this.tookMs > 0) await this.clock.sleep(this.tookMs);
      if (this.fault !== undefined) throw this.fault;
    },
    ledger: async () => ({ sinks: [{ sink: 'mongodb', acknowledged: 0, ...this.row }] }) as unknown as LedgerReport,
    clock: this.clock,
    log: this.recorded.log,
    signal: this.stop.signal,
  });

  get lines() {
    return this.recorded.lines.map(({ level, line, fields }) => [level, line, fields.missing, fields.difference]);
  }
}

const test = suite<{ scene: Scene }>('monitor');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  scene.stop.abort();
  await scene.over;
  assert.is(scene.clock.sleeping, 0);
});

test('a ledger that does not balance is in the log within five seconds, once for each change', async ({ scene }) => {
  const { clock } = scene;
  await clock.pass(20_000);
  assert.equal(scene.lines, []);
  for (const row of [
    { missing: 2, difference: 0 },
    { missing: 2, difference: 1 },
    { missing: 0, difference: null },
    { missing: 0, difference: 0 },
    { missing: 0, difference: -1 },
    { missing: 3, acknowledged: 3, difference: 0 },
  ]) {
    scene.row = row;
    for (let round = 0; round < 3; round += 1) await clock.pass(5_000);
  }
  assert.equal(scene.lines, [
    ['error', 'ledger.unbalanced', 2, 0],
    ['error', 'ledger.unbalanced', 2, 1],
    ['error', 'ledger.unbalanced', 0, -1],
  ]);
});

test('a round that fails is logged, and the next one is made all the same', async ({ scene }) => {
  scene.fault = new Error('no storage');
  await scene.clock.pass(5_000);
  await scene.clock.pass(5_000);
  assert.is(scene.asked, 2);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.reason]),
    [
      ['monitor.delayed', 'no storage'],
      ['monitor.delayed', 'no storage'],
    ],
  );
});

test('a look that took long is followed by a rest of twenty times as long, but of no more than five minutes', async ({
  scene,
}) => {
  for (const { tookMs, restMs } of [
    { tookMs: 2_000, restMs: 40_000 },
    { tookMs: 3_600_000, restMs: 300_000 },
  ]) {
    const before = scene.asked;
    scene.tookMs = tookMs;
    await scene.clock.pass(5_000);
    assert.is(scene.asked, before + 1);
    scene.tookMs = 0;
    await scene.clock.pass(tookMs);
    await scene.clock.pass(restMs - 1_000);
    assert.is(scene.asked, before + 1);
    await scene.clock.pass(1_000);
    assert.is(scene.asked, before + 2);
  }
});

test.run();
