// waits: mostly
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Log } from '../../../src/log.js';
import { silentLog } from '../../../src/log.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { startRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const advanced = '[{rabbit, [{consumer_timeout, 2000}, {channel_tick_interval, 500}]}].\n';
const server = required('rabbitmq', await startRabbitMQ({ advanced }));
const { uri } = server;
const limits = { count: 10, bytes: 1_000_000, lingerMs: 20 };
const whole = { ...limits, lingerMs: 30_000 };
const { signal } = new AbortController();

/** Counts the lines of one kind. */
function counting(line: string): { log: Log; count: () => number } {
  let count = 0;
  const warn = (_: object, written: string): void => {
    if (written === line) count += 1;
  };
  const log: Log = { ...silentLog, warn, child: () => log };
  for (const level of ['trace', 'debug', 'info', 'error', 'fatal'] as const) log[level] = () => {};
  return { log, count: () => count };
}

test('a batch that is held longer than the broker allows: no reconnect storm, nothing lost, nothing dead', async () => {
  const queue = definition('held');
  const { log, count } = counting('consumer.lost');
  const harness = await openAmqp({ uri, log }, [queue]);
  const { broker } = harness;
  try {
    const all = messages(50);
    await broker.publish(all);
    const subscription = await broker.subscribe(queue.sink, 20);
    const held = await subscription.next(whole, signal);
    assert.is(held.length, 10);
    // One batch more is fetched ahead, as the consumer does; then the sink is down for several times the timeout.
    const ahead = await subscription.next(limits, signal);
    await new Promise(resolve => setTimeout(resolve, 7_000));
    // Its channel is gone by now, and no other was opened to fetch what nobody would write.
    await until(async () => (await broker.inspect(queue.name))?.consumers === 0, 'a channel that is gone');
    await until(async () => (await broker.depth(queue.sink)).unsettled === 0, 'nothing that is held');
    await subscription.settle({ done: [...held, ...ahead], duplicates: 0, filtered: 0, dead: [] });

    const seen = new Set<string>();
    while (seen.size < 50) {
      const batch = await subscription.next(limits, signal);
      for (const { id } of batch) seen.add(id);
      await subscription.settle({ done: batch, duplicates: 0, filtered: 0, dead: [] });
    }
    assert.is(count(), 1);
    assert.is(await broker.deadLetters.count(queue.sink), 0);
    await until(async () => {
      const { ready, unsettled } = await broker.depth(queue.sink);
      return ready + unsettled === 0;
    }, 'an empty queue');
    await subscription.close();
  } finally {
    await harness.close();
  }
});

test('a paused subscription holds nothing, so the broker has nothing to time out', async () => {
  const queue = definition('paused');
  const { log, count } = counting('consumer.lost');
  const harness = await openAmqp({ uri, log }, [queue]);
  const { broker } = harness;
  try {
    await broker.publish(messages(30));
    const subscription = await broker.subscribe(queue.sink, 20);
    await subscription.next(limits, signal);
    await subscription.pause();
    await new Promise(resolve => setTimeout(resolve, 4_000));
    assert.is(count(), 0);
    await subscription.close();
    const collector = await collect(broker, queue.sink);
    await until(() => collector.ids().size === 30, 'everything');
    await collector.stop();
  } finally {
    await harness.close();
  }
});

test.after(() => server.stop());

test.run();
