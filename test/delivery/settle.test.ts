import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Broker, Settlement } from '../../src/broker/broker.js';
import { Settler } from '../../src/delivery/settle.js';
import { delivery } from '../helpers/deliveries.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

/** A broker that notes what is asked of it, and fails as often as the test says. */
class Scene {
  readonly calls: string[] = [];
  readonly metered: Settlement[] = [];
  readonly clock = new ManualClock();
  readonly giveUp = new AbortController();
  readonly recorded = recordingLog();
  failures = 0;
  opened = 0;

  readonly #subscription = {
    settle: (settlement: Settlement) => this.#call(`settle ${settlement.done.map(({ id }) => id)}`),
    requeue: (deliveries: { id: string }[]) => this.#call(`requeue ${deliveries.map(({ id }) => id)}`),
    pause: () => this.#call('pause'),
    resume: () => this.#call('resume'),
    close: () => this.#call('close'),
  };

  readonly settler = new Settler({
    sink: 'mongodb',
    broker: {
      subscribe: async (sink: string, prefetch: number) => {
        await this.#call(`subscribe ${sink} ${prefetch}`);
        return this.#subscription;
      },
    } as unknown as Broker,
    clock: this.clock,
    log: this.recorded.log,
    meter: { written: () => {}, failed: () => {}, settled: (_sink, settlement) => this.metered.push(settlement) },
    giveUp: this.giveUp.signal,
  });

  async #call(name: string): Promise<void> {
    this.calls.push(name);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the disk is full');
    }
  }

  async open(): Promise<void> {
    this.settler.open(200, () => {
      this.opened += 1;
    });
    await settled();
  }

  get lines(): string[] {
    return this.recorded.lines.map(({ line }) => line);
  }
}

const test = suite<{ scene: Scene }>('settler');
test.before.each(context => {
  context.scene = new Scene();
});

const done = (...ids: string[]): Settlement => ({
  done: ids.map(id => delivery(id)),
  duplicates: 0,
  filtered: 0,
  dead: [],
});

test('what is asked of the broker is done in order, and metered after it succeeded', async ({ scene }) => {
  const { settler } = scene;
  await scene.open();
  settler.settle(done('a'));
  settler.requeue([delivery('b')]);
  settler.pause();
  settler.resume(() => scene.calls.push('resumed'));
  await settled();
  assert.equal(scene.calls, ['subscribe mongodb 200', 'settle a', 'requeue b', 'pause', 'resume', 'resumed']);
  assert.is(scene.metered.length, 1);
});

test('a settlement that fails is retried before anything that follows, and metered once', async ({ scene }) => {
  await scene.open();
  scene.failures = 2;
  scene.settler.settle(done('a'));
  scene.settler.settle(done('b'));
  for (let wait = 0; wait < 3; wait += 1) {
    await settled();
    await scene.clock.pass(1_000);
  }
  assert.equal(scene.calls.slice(1), ['settle a', 'settle a', 'settle a', 'settle b']);
  assert.is(scene.metered.length, 2);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.reason]),
    [
      ['settlement.delayed', 'the disk is full'],
      ['settlement.delayed', 'the disk is full'],
    ],
  );
});

test('an empty settlement and an empty requeue ask nothing', async ({ scene }) => {
  await scene.open();
  scene.settler.settle(done());
  scene.settler.requeue([]);
  await settled();
  assert.equal(scene.calls.slice(1), []);
  assert.equal(scene.metered, []);
});

test('rejected events are logged one by one, and no more than ten of a settlement', async ({ scene }) => {
  await scene.open();
  const dead = Array.from({ length: 25 }, (_, index) => ({
    delivery: delivery(`bad-${index}`),
    reason: 'no category',
    fault: 'poison' as const,
    attempts: 1,
  }));
  scene.settler.settle({ ...done(), dead });
  const rejected = scene.recorded.lines.filter(({ line }) => line === 'event.rejected');
  assert.is(rejected.length, 10);
  assert.equal(rejected[0]?.fields, { id: 'bad-0', fault: 'poison', reason: 'no category' });
});

test('a queue that cannot be opened is tried until it can', async ({ scene }) => {
  scene.failures = 1;
  await scene.open();
  assert.is(scene.opened, 0);
  assert.equal(scene.lines, ['queue.unreachable']);
  await scene.clock.pass(100);
  assert.is(scene.opened, 1);
});

test('an end before the queue was opened is not followed by an opening', async ({ scene }) => {
  scene.failures = 1;
  await scene.open();
  const ended = scene.settler.end();
  await scene.clock.pass(100);
  await ended;
  assert.is(scene.opened, 0);
  assert.equal(scene.calls, ['subscribe mongodb 200']);
});

test('the end comes after everything before it; a close that fails is logged', async ({ scene }) => {
  await scene.open();
  scene.settler.settle(done('a'));
  scene.settler.pause();
  const ended = scene.settler.end();
  await settled();
  await ended;
  assert.equal(scene.calls.slice(1), ['settle a', 'pause', 'close']);
  scene.failures = 1;
  await scene.settler.end();
  assert.equal(scene.lines, ['queue.unreachable']);
});

test('when shutdown gives up, what fails is not retried any more', async ({ scene }) => {
  await scene.open();
  scene.failures = 1_000;
  scene.settler.settle(done('a'));
  await settled();
  scene.giveUp.abort();
  await settled();
  const calls = scene.calls.length;
  await scene.clock.pass(60_000);
  assert.is(scene.calls.length, calls);
  assert.equal(scene.metered, []);
});

test.run();
