// shares: rabbitmq
import { connect } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../../src/clock.js';
import type { Message } from '../../../src/events/message.js';
import { HeartbeatListener } from '../../../src/extractors/heartbeats.js';
import { silentLog } from '../../../src/log.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const { uri, stop } = required('rabbitmq', await sharedRabbitMQ());
const connection = await connect(uri);
const channel = await connection.createConfirmChannel();

function listener(kept: Map<string, unknown>) {
  const published: Message[] = [];
  let ahead = 0;
  // Waits are short, and time can be moved.
  const clock: Clock = {
    now: () => Date.now() + ahead,
    monotonic: systemClock.monotonic,
    sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal),
  };
  const heartbeats = new HeartbeatListener({
    nodes: [uri],
    onHeard: () => {},
    onUnheard: () => {},
    publish: async messages => {
      published.push(...messages);
      return 'broker';
    },
    checkpoints: {
      get: async <T>(key: string) => structuredClone(kept.get(key)) as T | undefined,
      put: async (key, value) => {
        kept.set(key, value);
      },
    },
    clock,
    log: silentLog,
  });
  heartbeats.open();
  const events = () => published.map(({ body }) => JSON.parse(body));
  return { heartbeats, published, events, pass: (ms: number) => (ahead += ms) };
}

function beat(version: string, id = 'one'): void {
  const content = { queue: 'wetland.index', id, extractor_info: { name: 'wetland.index', version, author: 'nobody' } };
  channel.publish('extractors', '', Buffer.from(JSON.stringify(content)));
}

async function listens(): Promise<void> {
  await until(async () => {
    const probe = await connect(uri);
    const looking = await probe.createChannel();
    looking.on('error', () => {});
    const there = await looking.checkQueue('event-sink.heartbeats').then(
      () => true,
      // Exclusive to the listener.
      error => error.code === 405,
    );
    await probe.close();
    return there;
  }, 'a listener');
}

test('an extractor appears, changes and falls silent: an event each, not one a beat; over a restart nobody appears twice', async () => {
  const kept = new Map<string, unknown>();
  const first = listener(kept);
  // Theirs: as long as it is not there, nobody declares it.
  await new Promise(resolve => setTimeout(resolve, 300));
  await channel.assertExchange('extractors', 'fanout', { durable: true });
  await listens();
  for (let count = 0; count < 5; count += 1) beat('0.4');
  channel.publish('extractors', '', Buffer.from('no heartbeat'));
  channel.publish('extractors', '', Buffer.from('{"extractor_info":{"name":7}}'));
  beat('0.5', 'two');
  beat('0.4');
  await until(() => first.published.length === 2, 'two events');
  const [appeared, changed] = first.events();
  assert.equal(
    [appeared.category, appeared.type, appeared.extractor_name, appeared.extractor_version, appeared.extractor_id],
    ['extractor_heartbeat', 'appeared', 'wetland.index', '0.4', 'one'],
  );
  assert.equal([changed.type, changed.previous_version, changed.extractor_version], ['changed', '0.4', '0.5']);
  await first.heartbeats.close();

  const second = listener(kept);
  await listens();
  beat('0.5', 'two');
  await channel.waitForConfirms();
  await new Promise(resolve => setTimeout(resolve, 200));
  assert.is(second.published.length, 0);
  // A beat that comes late is dated by the clock as it stands then.
  const silent = (): boolean => {
    second.pass(16 * 60_000);
    return second.published.length === 1;
  };
  await until(silent, 'the silence', 60_000, 200);
  assert.is(second.events()[0].type, 'silent');
  assert.type(second.events()[0].last_seen, 'number');
  await second.heartbeats.close();
});

test('of two daemons one listens, and the other takes over', async () => {
  const [one, two] = [listener(new Map()), listener(new Map())];
  await listens();
  await new Promise(resolve => setTimeout(resolve, 300));
  beat('1.0');
  await until(() => one.published.length + two.published.length === 1, 'one event');
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.is(one.published.length + two.published.length, 1);
  const [listening, waiting] = one.published.length === 1 ? [one, two] : [two, one];
  await listening.heartbeats.close();
  await until(async () => {
    beat('1.0');
    await new Promise(resolve => setTimeout(resolve, 50));
    return waiting.published.length === 1;
  }, 'the other one');
  await waiting.heartbeats.close();
});

test.after(async () => {
  await channel.deleteExchange('extractors');
  await connection.close();
  await stop();
});

test.run();
