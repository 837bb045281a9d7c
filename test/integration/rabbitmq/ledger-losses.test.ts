// timeout: 400 s
// waits: mostly
import { connect } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LedgerSink } from '../../../openapi/api-types.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { AmplitudeServer } from '../../helpers/servers/amplitude.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const rabbitmq = required('rabbitmq', await startRabbitMQ());
const queue = 'event-sink.amplitude';
/** Twice the batch. */
const prefetch = 20;
const promiseMs = 15_000;

interface Context {
  amplitude: AmplitudeServer;
  daemon: TestDaemon;
}

const test = suite<Context>('what RabbitMQ loses while a sink holds');
test.before.each(async context => {
  context.amplitude = new AmplitudeServer();
  await context.amplitude.start();
  context.amplitude.always = { status: 503 };
  const env = {
    RABBITMQ_URI: rabbitmq.uri,
    RABBITMQ_EXCHANGENAME: 'losses.events',
    AMPLITUDE_API_KEY: 'key-of-the-project',
    AMPLITUDE_SERVER_URL: context.amplitude.url,
    AMPLITUDE_BATCH_SIZE: String(prefetch / 2),
    HOLD_SECONDS: '600',
  };
  context.daemon = new TestDaemon({ env });
});
test.after.each(async ({ daemon, amplitude }) => {
  await daemon.remove();
  await amplitude.stop();
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  for (const name of ['amplitude', 'local']) {
    for (const ending of ['', '.dead']) await channel.deleteQueue(`event-sink.${name}${ending}`);
  }
  await channel.close();
  await connection.close();
});
test.after(() => rabbitmq.stop());

const seconds = (count: number): Promise<void> => new Promise(resolve => setTimeout(resolve, count * 1000));

async function rowOf(daemon: TestDaemon, sink: string): Promise<LedgerSink> {
  const row = (await daemon.json('/v1/ledger')).sinks.find(one => one.sink === sink);
  assert.ok(row);
  return row;
}

async function post(daemon: TestDaemon, count: number): Promise<void> {
  const events = Array.from({ length: count }, () => ({ category: 'upload', user_id: 'somebody' }));
  assert.is((await daemon.post(events)).status, 202);
}

async function depth(): Promise<{ ready: number; consumers: number }> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  const { messageCount: ready, consumerCount: consumers } = await channel.checkQueue(queue);
  await connection.close();
  return { ready, consumers };
}

async function purge(): Promise<number> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  const { messageCount } = await channel.purgeQueue(queue);
  await connection.close();
  return messageCount;
}

async function missing(daemon: TestDaemon, count: number): Promise<void> {
  const isMissing = async (): Promise<boolean> => (await rowOf(daemon, 'amplitude')).missing === count;
  await until(isMissing, `${count} missing events`, promiseMs, 100).catch(async error => {
    throw new Error(JSON.stringify(await rowOf(daemon, 'amplitude')), { cause: error });
  });
}

/** What the log says of losses, one after the other: how many, and how many they are with those before. */
function reports(daemon: TestDaemon): { count: number; missing: number }[] {
  const lines = daemon.output.split('\n').filter(line => line.includes('"events.missing"'));
  return lines.map(line => JSON.parse(line));
}

/** The sink takes events again: everything else arrives, and nothing else is missing, at any sink. */
async function settled({ daemon, amplitude }: Context, posted: number, lost: number): Promise<void> {
  amplitude.always = undefined;
  await daemon.drained(90_000);
  await seconds(8);
  // Problems that have lasted a minute are events of the daemon's own, which are not for Amplitude.
  const own = async (): Promise<number> => (await daemon.stored('problem')).length;
  const [row, local] = await until(async () => {
    const before = await own();
    const [found, stored] = [await rowOf(daemon, 'amplitude'), await rowOf(daemon, 'local')];
    const isExact = found.difference === 0 && found.inexact === null && (await own()) === before;
    const without = (one: LedgerSink): LedgerSink => ({ ...one, accepted: one.accepted - before });
    return isExact && [without(found), { ...stored, delivered: stored.delivered - before }];
  }, 'counts that are exact');
  assert.equal(
    [row.accepted, row.delivered + row.duplicates, row.missing, row.difference, row.inexact],
    [posted, posted - lost, lost, 0, null],
  );
  assert.is(amplitude.accepted.length, posted - lost);
  assert.equal([local.delivered, local.missing, local.difference], [posted, 0, 0]);
  assert.is(reports(daemon).at(-1)?.missing, lost);
}

/** However many looks it took to see them all, each was reported once. */
function reportedOnce({ daemon }: Context, lost: number): void {
  const counts = reports(daemon).map(({ count }) => count);
  assert.is(
    counts.reduce((sum, count) => sum + count, 0),
    lost,
    counts.join(),
  );
}

test('purged while the sink holds a batch, and more is published all the time', async context => {
  const daemon = await context.daemon.start();
  await post(daemon, 200);
  await until(async () => (await depth()).ready === 200 - prefetch, 'what the sink may hold');
  await seconds(6);
  const lost = await purge();
  assert.is(lost, 200 - prefetch);
  let posted = 200;
  let isMissing = false;
  const more = (async () => {
    while (!isMissing) {
      await post(daemon, 5);
      posted += 5;
      await seconds(0.2);
    }
  })();
  await missing(daemon, lost).finally(() => {
    isMissing = true;
  });
  await more;
  await seconds(6);
  assert.is((await rowOf(daemon, 'amplitude')).missing, lost);
  await settled(context, posted, lost);
  reportedOnce(context, lost);
});

test('purged to empty while the sink is paused, and nothing is published', async context => {
  const daemon = await context.daemon.start({ HOLD_SECONDS: '1' });
  await post(daemon, 100);
  await until(
    async () => {
      const { ready, consumers } = await depth();
      return ready === 100 && consumers === 0;
    },
    'a queue that has everything back',
    60_000,
    200,
  );
  assert.is(await purge(), 100);
  await missing(daemon, 100);
  const { difference, inexact } = await rowOf(daemon, 'amplitude');
  assert.equal([difference, inexact], [0, null]);
  await post(daemon, 10);
  await settled(context, 110, 100);
  reportedOnce(context, 100);

  assert.not((await daemon.json('/v1/ledger')).balanced);
  const acknowledged = await daemon.request('/v1/ledger/acknowledge', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"sink":"amplitude"}',
  });
  assert.is(acknowledged.status, 200);
  await daemon.kill('SIGTERM');
  await daemon.start();
  const row = await rowOf(daemon, 'amplitude');
  assert.equal([row.missing, row.acknowledged], [100, 100]);
  assert.ok((await daemon.json('/v1/ledger')).balanced);
  assert.equal(await daemon.problems(), []);
});

test('purged while the daemon is down', async context => {
  const daemon = await context.daemon.start();
  await post(daemon, 15);
  await until(async () => (await rowOf(daemon, 'amplitude')).pending === 15, 'a batch in hand');
  await daemon.kill('SIGTERM');
  assert.is(await purge(), 15);
  await daemon.start();
  await missing(daemon, 15);
  await settled(context, 15, 15);
  reportedOnce(context, 15);
});

test('cut off by a policy while the sink holds', async context => {
  const daemon = await context.daemon.start();
  await post(daemon, 100);
  await until(async () => (await depth()).ready === 100 - prefetch, 'what the sink may hold');
  await rabbitmq.ctl('set_policy', 'short', `^${queue}$`, '{"max-length":50}', '--apply-to', 'queues');
  try {
    const shortened = async (): Promise<number | undefined> => {
      const { ready } = await depth();
      await seconds(1);
      return ready < 100 - prefetch && ready === (await depth()).ready ? ready : undefined;
    };
    const kept = prefetch + (await until(shortened, 'a shorter queue'));
    await missing(daemon, 100 - kept);
    await settled(context, 100, 100 - kept);
    reportedOnce(context, 100 - kept);
  } finally {
    await rabbitmq.ctl('clear_policy', 'short');
  }
});

test('expired by a policy while the sink holds', async context => {
  const daemon = await context.daemon.start();
  // A quorum queue dates a message when it comes: later policies do not concern it.
  await rabbitmq.ctl('set_policy', 'expire', `^${queue}$`, '{"message-ttl":100}', '--apply-to', 'queues');
  try {
    await post(daemon, 100);
    await until(async () => (await depth()).ready === 0, 'an empty queue', 60_000, 200);
    await missing(daemon, 100 - prefetch);
  } finally {
    await rabbitmq.ctl('clear_policy', 'expire');
  }
  await settled(context, 100, 100 - prefetch);
  reportedOnce(context, 100 - prefetch);
});

test('a lost consumer takes from the queue until RabbitMQ notices: the counts wait for it, and none is lost', async context => {
  const daemon = await context.daemon.start();
  await post(daemon, 100);
  await until(async () => (await depth()).ready === 100 - prefetch, 'what the sink may hold');
  // Confirms are saved within a second.
  await seconds(3);
  await daemon.kill('SIGKILL');
  // As RabbitMQ sees a connection that broke off without a word: it takes messages, and never settles one.
  const ghost = await connect(rabbitmq.uri);
  ghost.on('error', () => {});
  const channel = await ghost.createChannel();
  await channel.prefetch(30);
  await channel.consume(queue, () => {});
  await until(async () => (await depth()).ready === 70, 'what the lost consumer has');
  await daemon.start();
  await until(async () => (await depth()).ready === 70 - prefetch, 'what the sink may hold');
  const lost = await purge();
  assert.is(lost, 70 - prefetch);
  await seconds(8);
  const { difference, inexact, missing: early } = await rowOf(daemon, 'amplitude');
  assert.equal([difference, early], [null, 0]);
  assert.match(inexact ?? '', 'one more consumer of event-sink.amplitude');
  await ghost.close();
  await missing(daemon, lost);
  assert.is((await rowOf(daemon, 'amplitude')).inexact, null);
  await settled(context, 100, lost);
  // How many are missing is right at once; the oldest, which were taken for them, come from the lost consumer,
  // and younger ones take their place.
  assert.ok(reports(daemon).length >= 2);
});

test.run();
