import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ProblemDates } from '../../src/status/problem-dates.js';
import { ManualClock } from '../helpers/manual-clock.js';

/** What a daemon keeps, and the daemon that reads it. */
class Scene {
  readonly clock = new ManualClock();
  readonly stored = new Map<string, string>();
  writes = 0;
  readonly keyValues = {
    get: async () => new Map(this.stored),
    put: async (entries: readonly (readonly [string, string])[]) => {
      this.writes += 1;
      for (const [key, value] of entries) this.stored.set(key, value);
    },
  };
  dates = this.restarted();

  restarted(began: (key: string) => Promise<number | undefined> = async () => undefined): ProblemDates {
    this.dates = new ProblemDates({ keyValues: this.keyValues, clock: this.clock, began });
    return this.dates;
  }

  async since(key: string, said?: number): Promise<number | undefined> {
    return (await this.dates.date([{ key, what: 'What.', since: said, fix: 'Fix.' }]))[0]?.since;
  }
}

test('a problem stands since it was first found, however often it is looked at, and is written once', async () => {
  const scene = new Scene();
  const first = await scene.since('orphan a');
  await scene.clock.pass(60_000);
  assert.is(await scene.since('orphan a'), first);
  assert.is(scene.writes, 1);
});

test('a date that is known is taken, and another one is another beginning', async () => {
  const scene = new Scene();
  assert.is(await scene.since('broker', 1_000), 1_000);
  assert.is(await scene.since('broker', 2_000), 2_000);
});

test('the beginning is looked up where it can be, once', async () => {
  const scene = new Scene();
  let asked = 0;
  scene.restarted(async () => {
    asked += 1;
    return 5_000;
  });
  for (let round = 0; round < 3; round += 1) assert.is(await scene.since('dead mongodb'), 5_000);
  assert.is(asked, 1);
});

test('a restart changes no date, neither one that was found nor one that was said', async () => {
  const scene = new Scene();
  const found = await scene.since('orphan a');
  await scene.clock.pass(3_600_000);
  scene.restarted();
  assert.is(await scene.since('orphan a'), found);
  scene.restarted();
  assert.is(await scene.since('orphan a', scene.clock.now()), found);
});

test('what ended before the restart, or is not found again soon after, begins anew', async () => {
  const scene = new Scene();
  await scene.since('orphan a');
  await scene.dates.date([]);
  await scene.clock.pass(1_000);
  scene.restarted();
  assert.is(await scene.since('orphan a'), scene.clock.now());
  scene.restarted();
  await scene.dates.date([]);
  await scene.clock.pass(121_000);
  assert.is(await scene.since('orphan a'), scene.clock.now());
});

test('dates that cannot be kept are shown all the same', async () => {
  const scene = new Scene();
  scene.keyValues.put = async () => {
    throw new Error('the disk is full');
  };
  assert.is(await scene.since('orphan a'), scene.clock.now());
});

test('what nobody can judge keeps its date, however long that takes', async () => {
  const scene = new Scene();
  const first = await scene.since('dead mongodb');
  scene.restarted();
  await scene.dates.date([], () => true);
  await scene.clock.pass(600_000);
  await scene.dates.date([], key => key === 'dead mongodb');
  assert.is(await scene.since('dead mongodb'), first);
});

test.run();
