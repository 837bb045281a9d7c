// timeout: 180 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Durability, QueueDefinition } from '../../../src/broker/broker.js';
import { openAmqp } from '../../broker/rabbitmq/harness.js';
import { startRabbitMQCluster } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';
import { collect, definition, messages } from './collector.js';

const cluster = required('rabbitmq', await startRabbitMQCluster());
const nodes = cluster.nodes.map(({ uri }) => uri);
const [first = '', second = '', last = ''] = nodes;

/** Kills the first node while messages are published and consumed through `through`. */
async function killUnder(queue: QueueDefinition, through: readonly string[]): Promise<void> {
  const harness = await openAmqp({ uri: last, nodes: through, exchange: 'cluster.events' }, [queue]);
  const { broker } = harness;
  try {
    assert.match(broker.status().detail, new RegExp(new URL(through[0] ?? '').port));
    const collector = await collect(broker, queue.sink);
    const all = messages(1_500);
    const kinds: Durability[] = [];
    for (let from = 0; from < all.length; from += 10) {
      kinds.push(await broker.publish(all.slice(from, from + 10)));
      if (from === 500) await cluster.nodes[0]?.kill9();
      await new Promise(resolve => setTimeout(resolve, 10));
    }
    assert.ok(kinds.includes('broker'));
    await until(() => collector.ids().size === all.length, 'everything', 60_000, 50);
    await until(() => broker.status().state === 'ready' && broker.status().outbox === 0, 'an empty outbox');
    await collector.stop();
  } finally {
    await harness.close();
  }
}

test('the node that we are on, and that leads the queue, is killed: nothing confirmed is lost, all arrive', async () => {
  // Declared through the first node, a queue is led there.
  await killUnder(definition('spread'), nodes);
});

test('the leader is killed while we are on another node', async () => {
  await cluster.nodes[0]?.start();
  const queue = definition('elsewhere');
  await (await openAmqp({ uri: first, exchange: 'cluster.events', keep: true }, [queue])).close();
  await killUnder(queue, [second, last]);
});

test.after(() => cluster.stop());

test.run();
