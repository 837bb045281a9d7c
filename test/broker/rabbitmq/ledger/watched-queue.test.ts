import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NumberSet } from '../../../../src/broker/rabbitmq/ledger/number-set.js';
import { type CountedDelivery, QueueLedger } from '../../../../src/broker/rabbitmq/ledger/queue-ledger.js';
import { QueueWatch } from '../../../../src/broker/rabbitmq/ledger/queue-watch.js';
import { WatchedQueue } from '../../../../src/broker/rabbitmq/ledger/watched-queue.js';
import { ManualClock } from '../../../helpers/manual-clock.js';
import { recordingLog } from '../../../helpers/recording-log.js';

const exchange = 'exchange events';
const outcome = { duplicates: 0, filtered: 0 };

/** A queue with a sink that has up to ten messages in hand, as RabbitMQ and this daemon see it. */
class Scene {
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  readonly ledger: QueueLedger;
  readonly queue: WatchedQueue;
  /** Numbers that RabbitMQ has, in order. */
  ready: number[] = [];
  inHand: CountedDelivery[] = [];
  consumer: string | undefined = '1';
  others = 0;
  hasLeader = true;
  emptyChecks = 0;
  published = 0;

  constructor(state?: string) {
    const { clock } = this;
    this.ledger = new QueueLedger({
      sink: 'mongodb',
      queue: 'event-sink.mongodb',
      daemon: 'me',
      targets: [exchange],
      place: 'here',
      now: () => clock.now(),
      onNumber: () => true,
      ...(state === undefined ? {} : { state }),
    });
    this.queue = new WatchedQueue({
      ledger: this.ledger,
      watch: new QueueWatch({ ghostMs: 35_000, mayHaveGhost: this.ledger.leftOpen }),
      holding: () => ({ consumer: this.consumer, consumers: this.#mine, inHand: this.inHand, prefetch: 10 }),
      inspect: async () =>
        this.hasLeader
          ? { messages: this.ready.length, consumers: this.#mine + this.others }
          : { messages: 0, consumers: 0 },
      isEmpty: async () => {
        this.emptyChecks += 1;
        return this.hasLeader && this.ready.length === 0;
      },
      upcoming: () => this.published + 1,
      inOutbox: () => new Map(),
      clock,
      log: this.recorded.log,
    });
  }

  get #mine(): number {
    return this.consumer === undefined ? 0 : 1;
  }

  publish(count: number): void {
    const numbers = new NumberSet();
    numbers.add(this.published + 1, this.published + count);
    for (const [from, to] of numbers.ranges()) for (let one = from; one <= to; one += 1) this.ready.push(one);
    this.published += count;
    this.ledger.accept(exchange, numbers);
    this.#handOut();
  }

  /** The sink is done with what it has. */
  settle(): void {
    this.ledger.done(this.inHand, outcome);
    this.inHand = [];
    this.#handOut();
  }

  /** All that is in hand goes back, and no consumer is left. */
  pause(): void {
    this.ready.unshift(...this.inHand.map(({ number }) => number!));
    this.inHand = [];
    this.consumer = undefined;
  }

  resume(consumer: string): void {
    this.consumer = consumer;
    this.#handOut();
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await this.clock.pass(1_000);
      await this.queue.examine();
    }
  }

  async row() {
    const { accepted, delivered, pending, missing, difference } = await this.queue.row();
    return { accepted, delivered, pending, missing, difference };
  }

  #handOut(): void {
    if (this.consumer === undefined) return;
    for (const number of this.ready.splice(0, 10 - this.inHand.length)) {
      const marks = { daemon: 'me', numberedFor: exchange, number, repeated: false, counted: false };
      const delivery = { id: `id-${number}`, redelivered: false, ...marks };
      this.inHand.push(delivery);
      this.queue.arrived(delivery);
    }
  }
}

const test = suite<{ scene: Scene }>('watched queue');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.pass(6);
});

test('purged while the sink holds a batch and more is published: the number is right, and so are the events', async ({
  scene,
}) => {
  scene.publish(40);
  await scene.pass(10);
  scene.ready = [];
  for (let second = 0; second < 9; second += 1) {
    scene.publish(3);
    await scene.pass(1);
  }
  assert.equal(await scene.row(), { accepted: 67, delivered: 0, pending: 37, missing: 30, difference: 0 });
  for (let batch = 0; batch < 5; batch += 1) scene.settle();
  await scene.pass(10);
  assert.equal(await scene.row(), { accepted: 67, delivered: 37, pending: 0, missing: 30, difference: 0 });
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.count]),
    [['events.missing', 30]],
  );
});

test('purged while paused: zeros are believed once the leader says that the queue is empty', async ({ scene }) => {
  scene.publish(40);
  scene.pause();
  await scene.pass(10);
  scene.hasLeader = false;
  await scene.pass(20);
  assert.is((await scene.row()).missing, 0);
  const asked = scene.emptyChecks;
  assert.ok(asked > 0 && asked <= 3, `asked ${asked} times`);
  scene.hasLeader = true;
  await scene.pass(20);
  assert.is(scene.ledger.missing, 0);
  scene.ready = [];
  await scene.pass(8);
  assert.equal(await scene.row(), { accepted: 40, delivered: 0, pending: 0, missing: 40, difference: 0 });
});

test('what was given up and comes after all is not missing, and what is in fact missing takes its place', async ({
  scene,
}) => {
  scene.publish(40);
  await scene.pass(6);
  // A lost consumer had the oldest; the others were purged.
  scene.ready = scene.ready.slice(0, 10);
  await scene.pass(8);
  assert.is(scene.ledger.missing, 20);
  scene.settle();
  scene.settle();
  await scene.pass(15);
  assert.equal(await scene.row(), { accepted: 40, delivered: 20, pending: 0, missing: 20, difference: 0 });
});

test('no pause, no lost channel and no backlog is a loss', async ({ scene }) => {
  for (let round = 0; round < 20; round += 1) {
    scene.publish(25);
    await scene.pass(2);
    scene.pause();
    await scene.pass(1);
    scene.resume(`again ${round}`);
    await scene.pass(7);
    scene.settle();
    await scene.pass(1);
  }
  assert.is(scene.ledger.missing, 0);
  assert.equal(scene.recorded.lines, []);
});

test('with another consumer the counts prove nothing; they do again when the queue was empty after it', async ({
  scene,
}) => {
  scene.publish(30);
  scene.others = 1;
  await scene.pass(6);
  assert.ok(scene.ledger.shared);
  // It takes some.
  scene.ready = scene.ready.slice(8);
  await scene.pass(20);
  assert.is((await scene.row()).difference, null);
  scene.others = 0;
  for (let batch = 0; batch < 4; batch += 1) scene.settle();
  await scene.pass(10);
  assert.not(scene.ledger.shared);
  assert.equal(await scene.row(), { accepted: 22, delivered: 22, pending: 0, missing: 0, difference: 0 });
});

test('after a kill the consumer of before may be there for a while: exact by itself when it is gone', async () => {
  const before = new Scene();
  before.publish(40);
  const scene = new Scene(before.ledger.save(() => 41, 1_000).state);
  scene.published = 40;
  // The lost consumer has ten.
  scene.others = 1;
  scene.ready = Array.from({ length: 30 }, (_, index) => index + 11);
  scene.resume('1');
  await scene.pass(20);
  assert.equal([(await scene.row()).difference, scene.ledger.shared], [null, false]);
  scene.others = 0;
  scene.ready.unshift(...Array.from({ length: 10 }, (_, index) => index + 1));
  await scene.pass(10);
  for (let batch = 0; batch < 4; batch += 1) scene.settle();
  assert.equal(await scene.row(), { accepted: 40, delivered: 40, pending: 0, missing: 0, difference: 0 });
  assert.equal(scene.recorded.lines, []);
});

test.run();
