import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Delivery } from '../../../src/broker/broker.js';
import { EmbeddedQueue } from '../../../src/broker/embedded/queue.js';
import { EmbeddedSubscription } from '../../../src/broker/embedded/subscription.js';
import type { QueueRow } from '../../../src/storage/queues.js';
import type { Storage } from '../../../src/storage/storage.js';
import { ManualClock, settled } from '../../helpers/manual-clock.js';
import { recordingLog } from '../../helpers/recording-log.js';

interface Take {
  readonly after: number;
  readonly count: number;
  readonly bytes: number;
  readonly atLeastOne: boolean;
}

/** A storage with one queue, whose rows are the test's. */
class Rows {
  readonly rows: QueueRow[] = [];
  readonly settlements: { readonly seqs: readonly number[]; readonly dead: readonly object[] }[] = [];
  fault: Error | undefined;

  write = async (job: string, args: unknown): Promise<unknown> => {
    await settled();
    if (this.fault !== undefined) throw this.fault;
    if (job === 'settle') return void this.settlements.push(args as Rows['settlements'][number]);
    const { after, count, bytes, atLeastOne } = args as Take;
    const rows: QueueRow[] = [];
    let left = bytes;
    for (const row of this.rows.filter(([seq]) => seq > after)) {
      if (rows.length === count) return { rows, more: false };
      if (row[5].length > left && !(atLeastOne && rows.length === 0)) return { rows, more: true };
      rows.push(row);
      left -= row[5].length;
    }
    return { rows, more: false };
  };
}

class Scene {
  readonly storage = new Rows();
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  readonly queue = new EmbeddedQueue(
    this.storage as unknown as Storage,
    { sink: 'local', name: 'event-sink.local' },
    { number: 1, end: 0 },
  );
  closed = 0;
  readonly stop = new AbortController();
  readonly subscription = new EmbeddedSubscription(
    this.queue,
    10,
    { storage: this.storage as unknown as Storage, clock: this.clock, log: this.recorded.log },
    () => {
      this.closed += 1;
    },
  );

  add(...bodies: string[]): void {
    for (const body of bodies) {
      const seq = this.storage.rows.length + 1;
      this.storage.rows.push([seq, `id-${seq}`, 'http', 0, null, body]);
    }
    this.queue.announce(
      bodies.length,
      bodies.reduce((sum, { length }) => sum + length, 0),
    );
  }

  next(count = 100, lingerMs = 0, bytes = 1_000): Promise<Delivery[]> {
    return this.subscription.next({ count, bytes, lingerMs }, this.stop.signal);
  }

  async ids(count = 100): Promise<string[]> {
    return (await this.next(count)).map(({ id }) => id);
  }
}

const test = suite<{ scene: Scene }>('embedded subscription');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  await scene.subscription.close();
  assert.is(scene.clock.sleeping, 0);
});

/** Until everything that waits for the storage has its answer. */
async function rest(): Promise<void> {
  for (let round = 0; round < 5; round += 1) await settled();
}

const settlement = { dead: [], duplicates: 0, filtered: 0 };

test('waits for the first message, and lingers for more until the batch is full or the time is over', async ({
  scene,
}) => {
  const first = scene.next(3, 1_000);
  await rest();
  scene.add('a');
  await rest();
  assert.is(scene.clock.sleeping, 1);
  scene.add('b');
  await scene.clock.pass(999);
  await rest();
  assert.is(scene.clock.sleeping, 1, 'two of three do not fill it');
  await scene.clock.pass(1);
  assert.equal(
    (await first).map(({ id }) => id),
    ['id-1', 'id-2'],
  );
  const second = scene.next(2, 1_000);
  scene.add('c', 'd');
  assert.equal(
    (await second).map(({ id }) => id),
    ['id-3', 'id-4'],
  );
});

test('a batch ends before the message that would make it too large, and one that is larger comes alone', async ({
  scene,
}) => {
  scene.add('x'.repeat(6), 'x'.repeat(6), 'x'.repeat(20), 'x');
  const sizes: number[] = [];
  for (let batch = 0; batch < 4; batch += 1) sizes.push((await scene.next(100, 0, 10)).length);
  assert.equal(sizes, [1, 1, 1, 1]);
});

test('at most the prefetch is in hand; what is settled makes way for the next', async ({ scene }) => {
  scene.add(...'abcdefghijkl');
  const first = await scene.next();
  assert.is(first.length, 10);
  assert.is(scene.subscription.unsettled, 10);
  const second = scene.next();
  await rest();
  await scene.subscription.settle({ ...settlement, done: first.slice(0, 3) });
  assert.is((await second).length, 2);
  assert.equal(scene.storage.settlements[0]?.seqs, [1, 2, 3]);
});

test('what goes back is handed out again, first and in order', async ({ scene }) => {
  scene.add(...'abcd');
  const [a, b, c] = await scene.next(3);
  await scene.subscription.requeue([c!, a!]);
  const again = await scene.next();
  assert.equal(
    again.map(({ id, redelivered }) => [id, redelivered]),
    [
      ['id-1', true],
      ['id-3', true],
      ['id-4', false],
    ],
  );
  await scene.subscription.settle({ ...settlement, done: [a!, b!] });
  assert.equal(
    scene.storage.settlements.map(({ seqs }) => seqs),
    [[2]],
    'the first hold of a is stale',
  );
});

test('a settlement that fails changes nothing, so that it can be made again', async ({ scene }) => {
  scene.add('a', 'b');
  const [a, b] = await scene.next();
  const work = {
    ...settlement,
    done: [a!],
    dead: [{ delivery: b!, reason: 'why', fault: 'poison' as const, attempts: 1 }],
  };
  scene.storage.fault = new Error('the disk is full');
  await scene.subscription.settle(work).then(
    () => assert.unreachable(),
    error => assert.match(error.message, 'full'),
  );
  assert.is(scene.subscription.unsettled, 2);
  scene.storage.fault = undefined;
  await scene.subscription.settle(work);
  assert.is(scene.subscription.unsettled, 0);
  assert.equal(scene.storage.settlements[0]?.dead, [{ seq: 2, reason: 'why', fault: 'poison', attempts: 1 }]);
});

test('what is kept of a dead letter is handed on', async ({ scene }) => {
  scene.add('a');
  const [a] = await scene.next();
  const dead = [{ delivery: a!, body: '{}', reason: 'why', fault: 'poison' as const, attempts: 1 }];
  await scene.subscription.settle({ ...settlement, done: [], dead });
  assert.equal(scene.storage.settlements[0]?.dead, [
    { seq: 1, body: '{}', reason: 'why', fault: 'poison', attempts: 1 },
  ]);
});

test('a pause gives everything back, and nothing comes until it is over', async ({ scene }) => {
  scene.add('a', 'b');
  await scene.next(1);
  const waiting = scene.next(5, 60_000);
  await rest();
  await scene.subscription.pause();
  assert.equal(await waiting, []);
  assert.is(scene.subscription.unsettled, 0);
  assert.is(scene.subscription.consuming, false);
  assert.equal(await scene.ids(), []);
  await scene.subscription.resume();
  assert.equal(await scene.ids(), ['id-1', 'id-2']);
});

test('a storage that fails is asked again until it answers, and warns once', async ({ scene }) => {
  scene.storage.fault = new Error('disk I/O error');
  scene.add('a');
  const waiting = scene.next();
  for (let failures = 0; failures < 5; failures += 1) {
    await rest();
    await scene.clock.pass(10_000);
  }
  scene.storage.fault = undefined;
  await rest();
  await scene.clock.pass(10_000);
  assert.is((await waiting).length, 1);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.reason]),
    [['queue.stalled', 'disk I/O error']],
  );
});

test('closed for good, and once', async ({ scene }) => {
  scene.add('a');
  const [a] = await scene.next();
  await scene.subscription.close();
  await scene.subscription.close();
  assert.is(scene.closed, 1);
  await scene.subscription.resume();
  assert.equal(await scene.ids(), []);
  await scene.subscription.settle({ ...settlement, done: [a!] });
  assert.equal(scene.storage.settlements, [], 'what was given back is not settled');
});

test.run();
