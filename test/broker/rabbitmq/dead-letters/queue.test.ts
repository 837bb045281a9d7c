import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadLetterQueue, type DeadMessage, type Handled } from '../../../../src/broker/rabbitmq/dead-letters/queue.js';
import { PermissionError } from '../../../../src/broker/rabbitmq/errors.js';
import { Inspector } from '../../../../src/broker/rabbitmq/topology/inspector.js';
import { TransientError } from '../../../../src/errors.js';
import { until } from '../../../helpers/wait.js';
import { arriving } from '../fake-channel.js';
import { FakeConnection } from '../fake-connection.js';

const name = 'event-sink.mongodb.dead';

class Scene extends FakeConnection {
  readonly queue = new DeadLetterQueue({
    name,
    connection: this.connection,
    inspector: new Inspector(this.connection, this.clock),
    clock: this.clock,
  });

  /** Dead letters with the ids 1, 2, 3 …, from the oldest on. */
  fill(count: number): void {
    for (let tag = 1; tag <= count; tag += 1) this.server.ready.push(arriving(tag, '{}', { messageId: `${tag}` }));
  }

  /** The ids of those that the queue has. */
  get left(): string[] {
    return this.server.ready.map(({ properties }) => properties.messageId);
  }

  async read(): Promise<string[]> {
    const ids: string[] = [];
    await this.queue.read(({ delivery }) => ids.push(delivery.id));
    return ids;
  }
}

const all = (): boolean => true;
const odd = ({ delivery }: DeadMessage): boolean => Number(delivery.id) % 2 === 1;
const taken = async (deliveries: readonly unknown[]): Promise<Handled[]> => deliveries.map(() => 'taken');

const test = suite<{ scene: Scene }>('queue of dead letters');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.connection.open();
});
test.after.each(({ scene }) => scene.connection.close());

test('reading goes from the oldest on, through a thousand at most, and leaves the queue as it was', async ({
  scene,
}) => {
  scene.fill(1_100);
  const before = scene.left;
  assert.equal(await scene.read(), before.slice(0, 1_000));
  assert.equal(scene.left, before);
  // A channel that is only closed would make each of them a failed delivery.
  assert.equal(scene.server.channels.at(-2)?.settled, ['nack all']);
  assert.is(await scene.queue.count(), 1_100);
  assert.ok(scene.server.channels.at(-2)?.closed, 'the channel of the reader is left open');
});

test('what is chosen and taken leaves the queue; the rest stays, in its order', async ({ scene }) => {
  scene.fill(5);
  const handle = async (): Promise<Handled[]> => ['taken', 'left', 'taken'];
  assert.is(await scene.queue.take('all', odd, handle), 2);
  assert.equal(scene.left, ['2', '3', '4']);
});

test('nothing more is taken once the handler says stop', async ({ scene }) => {
  scene.fill(4);
  assert.is(await scene.queue.take('all', all, async () => ['taken', 'stop', 'taken', 'taken']), 1);
  assert.equal(scene.left, ['2', '3', '4']);
});

test('a hundred are handled at once, among the oldest thousand or among all', async ({ scene }) => {
  scene.fill(2_300);
  const chunks: number[] = [];
  const handle = (deliveries: readonly unknown[]): Promise<Handled[]> => {
    chunks.push(deliveries.length);
    return taken(deliveries);
  };
  assert.is(await scene.queue.take('oldest', odd, handle), 500);
  assert.equal(chunks.splice(0), [100, 100, 100, 100, 100]);
  assert.is(await scene.queue.take('all', all, handle), 1_800);
  assert.ok(chunks.every(length => length === 100));
  assert.equal(scene.left, []);
});

test('one reads at a time: a second reader finds everything, also when the first one fails', async ({ scene }) => {
  scene.fill(3);
  const failing = scene.queue.take('all', all, () => Promise.reject(new Error('the sink is gone')));
  const second = scene.read();
  assert.is((await failing.catch(error => error)).message, 'the sink is gone');
  assert.equal(await second, ['1', '2', '3']);
  assert.is(await scene.queue.purge(), 3);
  assert.equal(scene.left, []);
});

test('a queue that is not there holds nothing', async ({ scene }) => {
  scene.server.absent.add(name);
  scene.server.refuse = () => [404, `NOT_FOUND - no queue '${name}' in vhost '/'`];
  assert.equal(await scene.read(), []);
  assert.is(await scene.queue.take('all', all, taken), 0);
  assert.is(await scene.queue.purge(), 0);
  assert.is(await scene.queue.count(), 0);
});

test('without the permission or the connection the error says so', async ({ scene }) => {
  scene.server.refuse = () => [403, `ACCESS_REFUSED - read access to queue '${name}' refused for user 'events'`];
  const refused = await scene.read().catch(error => error);
  assert.instance(refused, PermissionError);
  assert.match(refused.message, `lacks the read permission on the queue ${name}`);
  scene.server.reachable = false;
  scene.server.cut();
  await until(() => scene.connection.now() === undefined, 'the loss to be noticed');
  const lost = await scene.read().catch(error => error);
  assert.instance(lost, TransientError);
  assert.match(lost.message, 'no connection to RabbitMQ');
});

test.run();
