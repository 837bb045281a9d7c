import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AmqpBroker } from '../../../../src/broker/rabbitmq/broker.js';
import { hastyClock } from '../../../helpers/clock.js';
import { recordingLog } from '../../../helpers/recording-log.js';
import { until } from '../../../helpers/wait.js';
import { ScratchDatabase } from '../../../storage/scratch.js';
import { arriving, FakeServer } from '../fake-channel.js';

const refusal = (name: string) =>
  [403, `ACCESS_REFUSED - access to queue '${name}' in vhost '/' refused for user 'events'`] as const;

/** A whole broker on a server that is none. */
async function withBroker(
  body: (broker: AmqpBroker, server: FakeServer, lines: { line: string }[], sleeps: number[]) => Promise<void>,
) {
  const server = new FakeServer();
  const scratch = new ScratchDatabase();
  const clock = hastyClock();
  const { log, lines } = recordingLog();
  server.refuse = (operation, name) => (operation === 'consume' ? refusal(name) : undefined);
  const broker = new AmqpBroker({
    nodes: ['amqp://events:s3cret@rabbit/'],
    exchange: 'clowder.metrics',
    queueType: 'quorum',
    outboxBytes: 1_000_000,
    sinks: ['mongodb'],
    storage: {
      write: async (name, ...args) => scratch.write(name, ...args),
      read: async (name, ...args) => scratch.read(name, ...args),
      atomically: async calls => calls.map(([name, ...args]) => scratch.write(name, ...(args as never))) as never,
    },
    clock,
    log,
    connect: server.connect,
  });
  await broker.open([{ sink: 'mongodb', name: 'event-sink.mongodb', adopted: false }]);
  try {
    await body(broker, server, lines, clock.sleeps);
  } finally {
    await broker.close();
  }
}

test('a queue that may not be read: the backoff grows, the log is quiet, the problem says what is missing and how to give it', async () => {
  await withBroker(async (broker, server, lines, sleeps) => {
    const subscription = await broker.subscribe('mongodb', 10);
    const stop = new AbortController();
    const next = subscription.next({ count: 1, bytes: 1_000, lingerMs: 0 }, stop.signal);
    const before = server.channels.length;
    await until(() => server.channels.length > before + 60, 'many tries');
    assert.ok(
      sleeps.some(ms => ms > 3_000),
      'the backoff does not grow',
    );
    assert.is(lines.filter(({ line }) => line === 'queue.unreachable').length, 1);
    const { problems = [] } = broker.status();
    assert.match(problems[0]?.what ?? '', 'lacks the read permission on the queue event-sink.mongodb');
    assert.match(problems[0]?.fix ?? '', 'rabbitmqctl set_permissions -p / events ');
    assert.not.match(JSON.stringify(broker.status()), 's3cret');

    server.refuse = () => undefined;
    await until(() => (broker.status().problems ?? []).length === 0, 'no problem');
    const consuming = server.channels.findLast(channel => !channel.closed && channel.consumer.length > 0);
    consuming?.consumer(arriving(1, '{}', { messageId: 'a' }));
    assert.equal(
      (await next).map(({ id }) => id),
      ['a'],
    );
    stop.abort();
  });
});

test('as many unsettled as the largest settings ask for are more than AMQP can say: it is asked for what it can', async () => {
  await withBroker(async (broker, server) => {
    server.refuse = () => undefined;
    for (const [wanted, asked] of [
      [20_000 * 16 * 2, 65_535],
      [10_000 * 4 * 2, 65_535],
      [4_000, 4_000],
    ] as const) {
      const subscription = await broker.subscribe('mongodb', wanted);
      await until(() => server.channels.some(({ prefetched }) => prefetched === asked), `a prefetch of ${asked}`);
      await subscription.close();
      assert.equal(broker.status().problems ?? [], []);
    }
  });
});

test.run();
