// timeout: 400 s
// waits: mostly
import { connect } from 'amqplib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LedgerSink } from '../../../openapi/api-types.js';
import { TestDaemon } from '../../helpers/daemon.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const rabbitmq = required('rabbitmq', await startRabbitMQ());
const exchange = 'ledger.events';
const queue = 'event-sink.local';

const test = suite<{ daemons: TestDaemon[] }>('ledger on RabbitMQ');
test.before.each(context => {
  context.daemons = [];
});
test.after.each(async ({ daemons }) => {
  for (const daemon of daemons) await daemon.remove();
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  for (const name of [queue, `${queue}.dead`]) await channel.deleteQueue(name);
  await channel.close();
  await connection.close();
});
test.after(() => rabbitmq.stop());

async function started(daemons: TestDaemon[], env: Record<string, string> = {}): Promise<TestDaemon> {
  const daemon = new TestDaemon({ env: { RABBITMQ_URI: rabbitmq.uri, RABBITMQ_EXCHANGENAME: exchange, ...env } });
  daemons.push(daemon);
  return daemon.start();
}

async function local(daemon: TestDaemon): Promise<LedgerSink & { balanced: boolean; exact: boolean }> {
  const { sinks, balanced, exact } = await daemon.json('/v1/ledger');
  const row = sinks.find(({ sink }) => sink === 'local');
  assert.ok(row);
  return { ...row, balanced, exact };
}

/**
 * Once what came and what went are counted, which goes on in the background; without the daemon's own events of
 * problems that have lasted a minute.
 */
function calm(daemon: TestDaemon): ReturnType<typeof local> {
  const own = async (): Promise<number> => (await daemon.stored('problem')).length;
  return until(async () => {
    const before = await own();
    const row = await local(daemon);
    const agrees = row.pending === 0 && row.difference === 0 && (await own()) === before;
    return agrees && { ...row, accepted: row.accepted - before, delivered: row.delivered - before };
  }, 'counts that agree');
}

/** Posts without an end; answers with how many were accepted. */
function load(daemon: TestDaemon, each = 20) {
  let going = true;
  let accepted = 0;
  const run = async (): Promise<void> => {
    while (going) {
      const response = await daemon
        .post(Array.from({ length: each }, () => ({ category: 'upload' })))
        .catch(() => undefined);
      if (response?.status === 202) accepted += each;
      else await new Promise(resolve => setTimeout(resolve, 100));
    }
  };
  const running = [run(), run()];
  return async (): Promise<number> => {
    going = false;
    await Promise.all(running);
    return accepted;
  };
}

const seconds = (count: number): Promise<void> => new Promise(resolve => setTimeout(resolve, count * 1000));

test('a queue that is purged under load: how many are missing, for which sink, within 15 s, and nothing else', async ({
  daemons,
}) => {
  const daemon = await started(daemons, { LOCAL_BATCH_SIZE: '20', LOCAL_LINGER_MS: '200' });
  const stop = load(daemon, 100);
  await seconds(3);
  const purged = await rabbitmq.ctl('purge_queue', queue);
  await until(async () => (await local(daemon)).missing > 0, `missing events after ${purged}`, 15_000);
  const accepted = await stop();
  await daemon.drained(60_000);
  await seconds(8);
  const row = await calm(daemon);
  const stored = (await daemon.stored('upload')).length;
  assert.equal(
    [row.accepted, row.delivered, row.missing, row.difference, row.pending],
    [accepted, stored, accepted - stored, 0, 0],
  );
  assert.not(row.balanced);
  const problems = await daemon.problems();
  assert.equal(
    problems.map(({ what }) => what),
    [
      `${row.missing.toLocaleString('en-US')} events that RabbitMQ confirmed never came to the queue of local: purged, expired or cut off by a policy.`,
    ],
  );
  const metrics = await (await daemon.request('/metrics')).text();
  assert.match(metrics, `event_sink_ledger_missing{sink="local"} ${row.missing}\n`);
  await daemon.logged('"ledger.unbalanced"');
});

test('killed with -9 under load again and again: balanced at every look, and every event counted once', async ({
  daemons,
}) => {
  const daemon = await started(daemons, { LOCAL_BATCH_SIZE: '50', LOCAL_LINGER_MS: '20' });
  const looks: LedgerSink[] = [];
  let accepted = 0;
  for (let kill = 0; kill < 6; kill += 1) {
    const stop = load(daemon);
    for (let round = 0; round < 5; round += 1) {
      await seconds(0.3);
      looks.push(await local(daemon));
    }
    const killed = daemon.kill('SIGKILL');
    accepted += await stop();
    await killed;
    await daemon.start();
  }
  await daemon.drained(60_000);
  await seconds(12);
  const row = await calm(daemon);
  const stored = (await daemon.stored('upload')).length;
  for (const { missing, difference } of looks) assert.equal([missing, difference ?? 0], [0, 0]);
  assert.equal([row.missing, row.difference, row.pending, row.balanced, row.exact], [0, 0, 0, true, true]);
  assert.is(row.accepted, stored);
  assert.is(row.delivered + row.duplicates, stored);
  assert.ok(stored >= accepted, `${stored} are stored, ${accepted} were accepted`);
});

test('a queue with messages from before, foreign and of version 1, and a fresh DATA_DIR', async ({ daemons }) => {
  const first = await started(daemons, { LOCAL_STORE_DAYS: '30' });
  await first.kill('SIGTERM');
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  for (let number = 0; number < 300; number += 1) {
    const body = Buffer.from(JSON.stringify({ category: 'upload', number, created: 1_700_000_000_000 + number }));
    const headers = number % 3 === 0 ? { 'event-sink-source': 'http', 'event-sink-received': 1_700_000_000_000 } : {};
    channel.publish(exchange, '', body, number % 3 === 1 ? {} : { headers, messageId: `m-${number}` });
  }
  await channel.waitForConfirms();
  await connection.close();
  const fresh = await started(daemons);
  await until(async () => (await local(fresh)).delivered === 300, 'the delivery of what was there');
  await seconds(7);
  const row = await calm(fresh);
  assert.equal([row.accepted, row.delivered, row.missing, row.difference, row.balanced], [300, 300, 0, 0, true]);
});

test('two daemons on one queue: each says that it cannot know, and none calls anything lost', async ({ daemons }) => {
  const first = await started(daemons);
  await seconds(6);
  const second = await started(daemons);
  const stop = load(first);
  await seconds(12);
  await stop();
  await first.drained();
  await seconds(8);
  for (const daemon of [first, second]) {
    const row = await until(async () => {
      const found = await local(daemon);
      return (found.inexact ?? '').includes('Something else takes events from event-sink.local too') && found;
    }, 'the reason why it cannot know');
    assert.equal([row.missing, row.difference, row.exact, row.balanced], [0, null, false, true]);
  }
  await second.kill('SIGTERM');
  await until(async () => (await local(first)).exact, 'exact counts once it is alone and the queue was empty');
  const row = await local(first);
  assert.equal([row.missing, row.difference], [0, 0]);
  assert.is(row.accepted, row.delivered + row.duplicates);
});

test('events that a policy lets expire are missing', async ({ daemons }) => {
  const daemon = await started(daemons, { LOCAL_BATCH_SIZE: '10', LOCAL_LINGER_MS: '500' });
  await seconds(6);
  await rabbitmq.ctl('set_policy', 'expire', `^${queue}$`, '{"message-ttl":200}', '--apply-to', 'queues');
  try {
    const stop = load(daemon, 200);
    await seconds(3);
    const accepted = await stop();
    await until(async () => (await local(daemon)).missing > 0, 'missing events', 15_000);
    await seconds(8);
    const row = await calm(daemon);
    const stored = (await daemon.stored('upload')).length;
    assert.equal([row.accepted, row.missing, row.difference], [accepted, accepted - stored, 0]);
  } finally {
    await rabbitmq.ctl('clear_policy', 'expire');
  }
});

test('through an outage: what waits in the outbox is pending, and counted once when it has gone out', async ({
  daemons,
}) => {
  const daemon = await started(daemons);
  await seconds(6);
  await rabbitmq.shutDown();
  const stop = load(daemon);
  await seconds(2);
  // The moment before, it is another reason: the consumer has gone.
  const waiting = await until(async () => {
    const row = await local(daemon);
    return (row.inexact ?? '').includes('RabbitMQ does not say') && row;
  }, 'counts that cannot be had');
  assert.equal([waiting.missing, waiting.difference, waiting.balanced], [0, null, true]);
  const pending = async (): Promise<unknown[]> => (await daemon.json('/v1/status')).sinks.map(sink => sink.pending);
  await until(async () => (await pending()).every(count => count === null), 'a status that does not say what waits');
  assert.not.match(await (await daemon.request('/metrics')).text(), /^event_sink_queue_events\{/m);
  await daemon.kill('SIGKILL');
  const accepted = await stop();
  await daemon.start();
  assert.ok((await local(daemon)).accepted >= accepted);
  await rabbitmq.start();
  await until(async () => (await daemon.stored('upload')).length >= accepted, 'the events of the outbox', 60_000);
  await daemon.drained(60_000);
  await seconds(8);
  const row = await calm(daemon);
  const stored = (await daemon.stored('upload')).length;
  assert.equal([row.missing, row.difference, row.pending, row.balanced, row.exact], [0, 0, 0, true, true]);
  assert.is(row.accepted, stored);
});

test('filtered events, dead letters, and dead letters that are sent again', async ({ daemons }) => {
  const daemon = await started(daemons, { LOCAL_CATEGORIES: '!download' });
  const events = Array.from({ length: 60 }, (_, index) => ({ category: index % 2 === 0 ? 'upload' : 'download' }));
  assert.is((await daemon.post(events)).status, 202);
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createConfirmChannel();
  for (let number = 0; number < 5; number += 1) channel.publish(exchange, '', Buffer.from(`no JSON ${number}`));
  await channel.waitForConfirms();
  await connection.close();
  const counts = ({ accepted, delivered, filtered, dead, pending, missing, difference }: LedgerSink) => [
    ...[accepted, delivered, filtered, dead],
    ...[pending, missing, difference],
  ];
  await until(async () => (await local(daemon)).dead === 5, 'dead letters');
  await daemon.drained();
  assert.equal(counts(await calm(daemon)), [65, 30, 30, 5, 0, 0, 0]);
  const [found] = await daemon.problems();
  assert.match(found?.what ?? '', '5 events could not be delivered');
  const [oldest] = (await daemon.json('/v1/dead-letters?sink=local')).dead_letters;
  assert.is(found?.since, oldest?.dead_at);
  const response = await daemon.request('/v1/dead-letters/redrive', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sink: 'local' }),
  });
  assert.is(response.status, 200);
  await until(async () => (await local(daemon)).dead === 10, 'dead letters that died again');
  await daemon.drained();
  await seconds(7);
  // The five once more, and the event of the audit trail that says so.
  assert.equal(counts(await calm(daemon)), [71, 31, 30, 10, 0, 0, 0]);
});

test.run();
