import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RabbitMQLedger } from '../../../../src/broker/rabbitmq/ledger/ledger.js';
import type { CountedDelivery } from '../../../../src/broker/rabbitmq/ledger/queue-ledger.js';
import type { OutgoingMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { ManualClock } from '../../../helpers/manual-clock.js';
import { recordingLog } from '../../../helpers/recording-log.js';
import { ScratchDatabase } from '../../../storage/scratch.js';

const queues = ['influxdb', 'mongodb'].map(sink => ({ sink, name: `event-sink.${sink}`, adopted: false }));
const outcome = { duplicates: 0, filtered: 0 };

/** Two queues on a RabbitMQ that holds what was published and not taken, and one daemon after the other. */
class Scene {
  readonly scratch = new ScratchDatabase();
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  /** Messages that each queue has. */
  readonly ready = new Map(queues.map(({ name }) => [name, 0]));
  failing: Error | undefined;
  ledger = this.create();

  create(): RabbitMQLedger {
    return new RabbitMQLedger({
      storage: {
        write: async (name, ...args) => {
          if (this.failing !== undefined) throw this.failing;
          return this.scratch.write(name, ...args);
        },
        read: async (name, ...args) => this.scratch.read(name, ...args),
      },
      exchange: 'events',
      place: 'here',
      ghostMs: 0,
      holding: () => ({ consumer: '1', consumers: 1, inHand: [], prefetch: 10 }),
      inspect: async queue => ({ messages: this.ready.get(queue) ?? 0, consumers: 1 }),
      isEmpty: async queue => this.ready.get(queue) === 0,
      clock: this.clock,
      log: this.recorded.log,
    });
  }

  /** Publishes, and RabbitMQ confirms. Returns the numbers. */
  publish(count: number): number[] {
    return Array.from({ length: count }, (_, index) => {
      const message = { id: `${index}`, body: '{}', source: 'http', received: 0 } as const;
      const outgoing: OutgoingMessage = { message, target: null };
      this.ledger.publications.number(outgoing);
      this.ledger.publications.confirmed(outgoing);
      for (const { name } of queues) this.ready.set(name, this.ready.get(name)! + 1);
      return outgoing.number!;
    });
  }

  /** One comes out of the queue of this sink. */
  arrived(sink: string, number: number): CountedDelivery {
    const name = `event-sink.${sink}`;
    this.ready.set(name, this.ready.get(name)! - 1);
    const delivery: CountedDelivery = {
      id: `id-${number}`,
      redelivered: false,
      daemon: this.ledger.publications.daemon,
      numberedFor: this.ledger.publications.exchangeTarget,
      number,
      repeated: false,
      counted: false,
    };
    this.ledger.arrived(sink, delivery);
    return delivery;
  }

  /** accepted, delivered, dead and pending of each sink. */
  async counts(): Promise<Record<string, number[]>> {
    const { sinks } = await this.ledger.report();
    return Object.fromEntries(
      sinks.map(({ sink, accepted, delivered, dead, pending }) => [sink, [accepted, delivered, dead, pending]]),
    );
  }
}

const test = suite<{ scene: Scene }>('ledger of RabbitMQ');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.ledger.open(queues);
});
test.after.each(({ scene }) => scene.ledger.close());

test('what is published counts for every queue, and what is settled for its own', async ({ scene }) => {
  const [first, second, third] = scene.publish(3) as [number, number, number];
  await scene.ledger.done('mongodb', [scene.arrived('mongodb', first)], outcome);
  await scene.ledger.dead('mongodb', [scene.arrived('mongodb', second)]);
  assert.equal([second - first, third - second], [1, 1]);
  assert.equal(await scene.counts(), { influxdb: [3, 0, 0, 3], mongodb: [3, 1, 1, 1] });
  const { exact, balanced, hours } = await scene.ledger.report();
  assert.equal([exact, balanced], [true, true]);
  assert.ok(hours.some(({ sink, delivered }) => sink === 'mongodb' && delivered === 1));
});

test('the next process goes on with the counts and the numbers, under the same id', async ({ scene }) => {
  const [first, last] = scene.publish(2) as [number, number];
  await scene.ledger.done('mongodb', [scene.arrived('mongodb', first)], outcome);
  const { daemon } = scene.ledger.publications;
  await scene.ledger.close();
  scene.ledger = scene.create();
  await scene.ledger.open(queues);
  assert.is(scene.ledger.publications.daemon, daemon);
  assert.equal(await scene.counts(), { influxdb: [2, 0, 0, 2], mongodb: [2, 1, 0, 1] });
  assert.is(scene.publish(1)[0], last + 1);
});

test('a settlement that cannot be saved is not acknowledged, and counts once when it is tried again', async ({
  scene,
}) => {
  const [number] = scene.publish(1) as [number];
  const delivery = scene.arrived('mongodb', number);
  scene.failing = new Error('the disk is full');
  const error = await scene.ledger.done('mongodb', [delivery], outcome).catch(thrown => thrown);
  assert.is(error.message, 'the disk is full');
  scene.failing = undefined;
  await scene.ledger.done('mongodb', [delivery], outcome);
  assert.equal((await scene.counts()).mongodb, [1, 1, 0, 0]);
});

test('what changed is saved within a second or two; a save that fails is logged, and tried again', async ({
  scene,
}) => {
  const saved = (): number =>
    scene.scratch.database.value(
      "SELECT json_extract(state, '$.totals.accepted') FROM queue_ledgers WHERE sink = 'mongodb'",
    )!;
  scene.publish(4);
  scene.failing = new Error('the disk is full');
  await scene.clock.pass(1_000);
  await scene.clock.pass(1_000);
  assert.ok(scene.recorded.lines.some(({ line, fields }) => line === 'ledger.unsaved' && fields.sink === 'mongodb'));
  assert.is(saved(), 0);
  scene.failing = undefined;
  await scene.clock.pass(1_000);
  await scene.clock.pass(1_000);
  assert.is(saved(), 4);
});

test('a queue that is removed takes what waited in it out of the counts', async ({ scene }) => {
  scene.publish(2);
  await scene.ledger.forget('influxdb');
  assert.equal(await scene.counts(), { mongodb: [2, 0, 0, 2] });
  assert.is(
    scene.scratch.database.value(
      "SELECT json_extract(state, '$.totals.accepted') FROM queue_ledgers WHERE sink = 'influxdb'",
    ),
    0,
  );
});

test.run();
