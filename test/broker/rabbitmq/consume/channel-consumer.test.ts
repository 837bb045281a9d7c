import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Delivery } from '../../../../src/broker/broker.js';
import { ChannelConsumer } from '../../../../src/broker/rabbitmq/consume/channel-consumer.js';
import { arriving, type FakeChannel, FakeServer } from '../fake-channel.js';

const limits = { count: 100, bytes: 1_000_000, lingerMs: 0 };

async function consuming(
  prefetch = 20,
): Promise<{ consumer: ChannelConsumer; channel: FakeChannel; changes: () => number }> {
  let changes = 0;
  const server = new FakeServer();
  const model = await server.connect();
  const onChange = (): void => {
    changes += 1;
  };
  const clock = { now: () => 1_700_000_000_000, monotonic: () => 12_345 };
  const options = { queue: 'q', prefetch, clock, onArrival: () => {}, onChange };
  const consumer = await ChannelConsumer.open({ model, gone: new Promise(() => {}) }, options);
  return { consumer, channel: server.channels[0]!, changes: () => changes };
}

function arrive(channel: FakeChannel, count: number, from = 1): void {
  for (let tag = from; tag < from + count; tag += 1) channel.consumer(arriving(tag, `{"n":${tag}}`));
}

test('a whole batch is acknowledged in one frame', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 5);
  consumer.acknowledge(consumer.take(limits));
  assert.equal(channel.settled, ['ack up to 5']);
  assert.is(consumer.unsettled, 0);
});

test('what overtakes an unsettled delivery is acknowledged one by one, the rest in one frame', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 6);
  const [one, two, three, four, five, six] = consumer.take(limits);
  consumer.acknowledge([one!, two!, four!, six!]);
  assert.equal(channel.settled, ['ack up to 2', 'ack 4', 'ack 6']);
  consumer.acknowledge([three!, five!]);
  assert.equal(channel.settled.slice(3), ['ack up to 5']);
});

test('a delivery says when it came, whatever the wall clock says', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 1);
  assert.equal(
    consumer.take(limits).map(({ arrived, received }) => [arrived, received]),
    [[12_345, 1_700_000_000_000]],
  );
});

test('many are given back in one frame too; those in the buffer stay', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 5);
  const first = consumer.take({ ...limits, count: 3 });
  consumer.giveBack(first);
  assert.equal(channel.settled, ['nack up to 3']);
  assert.is(consumer.unsettled, 2);
});

test('settled twice, or of another channel: nothing is sent', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 2);
  const batch = consumer.take(limits);
  consumer.acknowledge(batch);
  consumer.acknowledge(batch);
  consumer.giveBack(batch);
  const other = await consuming();
  arrive(other.channel, 2);
  consumer.acknowledge(other.consumer.take(limits));
  assert.equal(channel.settled, ['ack up to 2']);
});

test('whatever order deliveries are settled in, each is settled exactly once at the broker', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .integer({ min: 1, max: 15 })
        .chain(count => fc.tuple(fc.constant(count), fc.array(fc.subarray([...Array(count).keys()])))),
      async ([count, rounds]) => {
        const { consumer, channel } = await consuming();
        arrive(channel, count);
        const all = consumer.take(limits);
        const settled = new Set<Delivery>();
        for (const round of rounds) {
          const chosen = round.map(index => all[index]!);
          consumer.acknowledge(chosen);
          for (const delivery of chosen) settled.add(delivery);
          assert.equal(
            [...settledTags(channel, count)].sort(),
            all
              .filter(one => settled.has(one))
              .map(({ tag }) => tag)
              .sort(),
          );
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** What the broker makes of the frames. @throws for a tag that it does not know: it would close the channel */
function settledTags(channel: FakeChannel, count: number): Set<number> {
  const open = new Set(Array.from({ length: count }, (_, index) => index + 1));
  for (const frame of channel.settled) {
    const tag = Number(/\d+$/.exec(frame)?.[0]);
    const known = frame.includes('up to') ? [...open].filter(one => one <= tag) : [...open].filter(one => one === tag);
    if (known.length === 0) throw new Error(`${frame}: unknown delivery tag`);
    for (const one of known) open.delete(one);
  }
  return new Set(Array.from({ length: count }, (_, index) => index + 1).filter(tag => !open.has(tag)));
}

test('batches keep to count and bytes; one larger than all that goes alone', async () => {
  const { consumer, channel } = await consuming();
  channel.consumer(arriving(1, 'x'.repeat(500)));
  arrive(channel, 4, 2);
  assert.is(consumer.take({ ...limits, bytes: 100 }).length, 1);
  assert.ok(consumer.full({ ...limits, count: 4 }));
  assert.not.ok(consumer.full({ ...limits, count: 5 }));
  assert.is(consumer.take({ ...limits, bytes: 15 }).length, 2);
  assert.is(consumer.take(limits).length, 2);
  assert.ok(consumer.empty);
});

test('a lost channel takes everything with it, and says why', async () => {
  const { consumer, channel, changes } = await consuming();
  arrive(channel, 3);
  const batch = consumer.take({ ...limits, count: 1 });
  const before = changes();
  channel.fail(406, 'PRECONDITION_FAILED - delivery acknowledgement timed out');
  assert.ok(consumer.closed);
  assert.match(consumer.error?.message ?? '', 'timed out');
  assert.is(consumer.unsettled, 0);
  assert.not.ok(consumer.holds(batch[0]!));
  assert.ok(changes() > before);
  consumer.acknowledge(batch);
  assert.equal(channel.settled, []);
});

test('a consumer that the broker ends (null) is over, with a reason', async () => {
  const { consumer, channel } = await consuming();
  channel.consumer(null);
  assert.ok(consumer.closed);
  assert.match(consumer.error?.message ?? '', 'has ended the consumer of q');
});

test('stopping gives back what is unsettled, then closes the channel', async () => {
  const { consumer, channel } = await consuming();
  arrive(channel, 3);
  await consumer.stop();
  assert.equal(channel.settled, ['nack up to 3']);
  assert.ok(channel.closed);
});

test.run();
