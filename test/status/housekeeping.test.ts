import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Broker } from '../../src/broker/broker.js';
import type { DeadLetterAdmin } from '../../src/status/dead-letter-admin.js';
import { runHousekeeping } from '../../src/status/housekeeping.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

const minute = 60_000;
const day = 86_400_000;

class Scene {
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  readonly stop = new AbortController();
  readonly expired: [string, number][] = [];
  dead = 0;
  removed = 0;
  fault: Error | undefined;

  readonly over = runHousekeeping({
    limits: () => ({ sinks: ['mongodb', 'local'], retentionMs: 90 * day, alarm: 100 }),
    broker: { deadLetters: { count: async (sink: string) => (sink === 'local' ? this.dead : 0) } } as unknown as Broker,
    deadLetterAdmin: {
      expire: async (sink: string, before: number) => {
        if (this.fault !== undefined) throw this.fault;
        this.expired.push([sink, before]);
        return sink === 'local' ? this.removed : 0;
      },
    } as unknown as DeadLetterAdmin,
    clock: this.clock,
    log: this.recorded.log,
    signal: this.stop.signal,
  });

  get lines(): [string, string][] {
    return this.recorded.lines.map(({ level, line }) => [level, line]);
  }
}

const test = suite<{ scene: Scene }>('housekeeping');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  scene.stop.abort();
  await scene.over;
  assert.is(scene.clock.sleeping, 0);
});

test('the first round is a minute after the start, then one every five minutes', async ({ scene }) => {
  const { clock, expired } = scene;
  await clock.pass(minute - 1);
  assert.equal(expired, []);
  await clock.pass(1);
  assert.is(expired.length, 2);
  await clock.pass(5 * minute - 1);
  assert.is(expired.length, 2);
  await clock.pass(1);
  assert.is(expired.length, 4);
});

test('dead letters past the retention are removed for every sink, and the removal is logged', async ({ scene }) => {
  scene.removed = 3;
  await scene.clock.pass(minute);
  const before = scene.clock.now() - 90 * day;
  assert.equal(scene.expired, [
    ['mongodb', before],
    ['local', before],
  ]);
  const [line] = scene.recorded.lines;
  assert.equal([line?.line, line?.fields], ['dead-letters.expired', { sink: 'local', removed: 3, days: 90 }]);
  assert.is(scene.lines.length, 1);
});

test('many dead letters are an error once, and again when they were fewer meanwhile', async ({ scene }) => {
  const { clock } = scene;
  scene.dead = 100;
  await clock.pass(minute);
  assert.equal(scene.lines, []);
  scene.dead = 101;
  await clock.pass(5 * minute);
  await clock.pass(5 * minute);
  scene.dead = 5;
  await clock.pass(5 * minute);
  scene.dead = 500;
  await clock.pass(5 * minute);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.count]),
    [
      ['dead-letters.many', 101],
      ['dead-letters.many', 500],
    ],
  );
});

test('a round that fails is logged, and the next one is held all the same', async ({ scene }) => {
  scene.fault = new Error('the broker does not answer');
  await scene.clock.pass(minute);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.reason]),
    [['housekeeping.delayed', 'the broker does not answer']],
  );
  scene.fault = undefined;
  await scene.clock.pass(5 * minute);
  assert.is(scene.expired.length, 2);
});

test('a clock that is 40 days ahead for a while removes nothing that is not past its retention', async ({ scene }) => {
  const { clock } = scene;
  const right = clock.now;
  let jumpMs = 0;
  Object.assign(clock, { now: () => right() + jumpMs });
  await clock.pass(minute);
  jumpMs = 40 * day;
  await clock.pass(5 * minute);
  await clock.pass(5 * minute);
  const [last] = scene.expired.at(-1)!.slice(1);
  assert.is(last, right() - 90 * day);
  for (let round = 0; round < 12; round += 1) await clock.pass(5 * minute);
  assert.is(scene.expired.at(-1)![1], right() - 50 * day);
});

test('it ends with its signal, before the first round too', async ({ scene }) => {
  scene.stop.abort();
  await scene.over;
  await settled();
  await scene.clock.pass(minute);
  assert.equal(scene.expired, []);
});

test.run();
