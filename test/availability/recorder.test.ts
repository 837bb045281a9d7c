import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AvailabilityRecorder, type Seen } from '../../src/availability/recorder.js';
import type { KeepAvailabilityArguments } from '../../src/storage/availability.js';
import { ScratchDatabase } from '../storage/scratch.js';

const second = 1_000;
const start = Date.UTC(2026, 2, 15);

/** A service that is checked every ten seconds, and its recorder on a database. */
class Scene {
  readonly scratch = new ScratchDatabase();
  fails = false;
  faults = 0;
  /** Spans of the last write. */
  written = 0;
  #recorder = this.#newRecorder();
  #previous: number | null = null;
  #saved: number | null = null;

  /** @param seconds when the run begins and ends */
  see(seconds: number, state: string, sinceSeconds: number, more: Partial<Seen> = {}): this {
    const at = start + seconds * second;
    this.#recorder.see({
      ...{ at, ended: at, previous: this.#previous, interrupted: false, state, since: start + sinceSeconds * second },
      ...{ reason: undefined, window: undefined, intervalMs: 10 * second, responseMs: undefined, ...more },
    });
    this.#previous = at;
    return this;
  }

  async save(): Promise<this> {
    await this.#recorder.save();
    this.#saved = this.#previous;
    return this;
  }

  /** What was not saved is forgotten, here and in the state of the target. */
  restart(): this {
    this.#previous = this.#saved;
    this.#recorder = this.#newRecorder();
    return this;
  }

  #newRecorder(): AvailabilityRecorder {
    const keep = async (seen: KeepAvailabilityArguments): Promise<void> => {
      if (this.fails) throw new Error('the disk is full');
      this.written = seen.spans.length;
      this.scratch.write('keepAvailability', seen);
    };
    return new AvailabilityRecorder('clowder', keep, () => {
      this.faults += 1;
    });
  }

  get record() {
    const range = { from: 0, until: Number.MAX_SAFE_INTEGER, firstDay: 0, lastDay: 99_999_999 };
    return this.scratch.read('availability', { service: 'clowder', ...range });
  }

  /** State, and from when until when in seconds. */
  get observed() {
    return this.record.observed.map(({ state, from, until }) => [
      state,
      (from - start) / second,
      (until - start) / second,
    ]);
  }
}

test('runs of one state are one span, however often it is saved', async () => {
  const scene = new Scene();
  await scene.see(0, 'up', 0).see(10, 'up', 0).save();
  assert.equal(scene.observed, [['up', 0, 10]]);
  await scene.see(20, 'up', 0).see(30, 'up', 0).save();
  await scene.save();
  assert.equal(scene.observed, [['up', 0, 30]]);
});

test('a change dates from the first run that differs, also when what came before was saved already', async () => {
  const scene = new Scene();
  await scene.see(0, 'up', 0).see(10, 'up', 0).see(20, 'up', 0).save();
  await scene.see(30, 'down', 20, { reason: 'HTTP 502' }).see(40, 'down', 20).save();
  assert.equal(scene.observed, [
    ['up', 0, 20],
    ['down', 20, 40],
  ]);
  assert.is(scene.record.observed.at(-1)?.reason, 'HTTP 502');
});

test('after a short restart the time in between counts; after a long one it is unknown', async () => {
  const scene = new Scene();
  await scene.see(0, 'up', 0).see(10, 'up', 0).save();
  await scene.restart().see(30, 'unknown', 0).see(40, 'up', 0).save();
  assert.equal(scene.observed, [['up', 0, 40]]);
  await scene.restart().see(500, 'unknown', 0, { interrupted: true }).see(510, 'down', 500).save();
  assert.equal(scene.observed, [
    ['up', 0, 40],
    ['down', 500, 510],
  ]);
});

test('after a crash, what was not saved is what the next run finds', async () => {
  const scene = new Scene();
  await scene.see(0, 'up', 0).see(10, 'up', 0).save();
  scene.see(20, 'up', 0).see(30, 'up', 0).restart();
  await scene.see(40, 'unknown', 0).see(50, 'down', 40).save();
  assert.equal(scene.observed, [
    ['up', 0, 10],
    ['down', 40, 50],
  ]);
});

test('what could not be saved is saved with what comes next', async () => {
  const scene = new Scene();
  scene.fails = true;
  await scene.see(0, 'up', 0, { responseMs: 12 }).see(10, 'down', 10).see(20, 'up', 20, { responseMs: 12 }).save();
  assert.is(scene.faults, 1);
  scene.fails = false;
  await scene.see(30, 'up', 20, { responseMs: 12 }).save();
  assert.equal(scene.observed, [
    ['up', 0, 10],
    ['down', 10, 20],
    ['up', 20, 30],
  ]);
  assert.equal(
    scene.record.times.map(({ day, counts }) => [day, counts.map(([, count]) => count)]),
    [[20260315, [3]]],
  );
});

test('a disk that takes nothing for a day makes nothing grow but by changes', async () => {
  const scene = new Scene();
  scene.fails = true;
  const window = { from: start, until: start + 15 * second, message: 'works' };
  for (let run = 0; run < 500; run += 1) await scene.see(run * 10, 'up', 0, run === 0 ? { window } : {}).save();
  scene.fails = false;
  await scene.save();
  assert.is(scene.written, 2);
  assert.equal(scene.observed, [['up', 0, 4_990]]);
  assert.is(scene.record.maintenance.length, 1);
});

test('maintenance of the settings is kept from its beginning, and no further than is known', async () => {
  const scene = new Scene();
  const window = { from: start - 5 * second, until: start + 25 * second, message: 'works' };
  const spans = () =>
    scene.record.maintenance.map(({ from, until }) => [(from - start) / second, (until - start) / second]);
  await scene.see(0, 'up', 0, { window }).see(10, 'up', 0, { window }).save();
  assert.equal(spans(), [[-5, 20]]);
  await scene.see(20, 'up', 0, { window }).see(30, 'up', 0).save();
  assert.equal(spans(), [[-5, 25]]);
});

test.run();
