import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Inspector } from '../../../../src/broker/rabbitmq/topology/inspector.js';
import { QueueList } from '../../../../src/broker/rabbitmq/topology/queue-list.js';
import { SetupError, TransientError, UnsupportedError } from '../../../../src/errors.js';
import { FakeConnection } from '../fake-connection.js';

class Scene extends FakeConnection {
  readonly queues = new QueueList({
    connection: this.connection,
    inspector: new Inspector(this.connection, this.clock),
    sinks: ['local', 'mongodb', 'ga4'],
    configured: () => [{ sink: 'local', name: 'event-sink.local', adopted: false }],
  });
}

const test = suite<{ scene: Scene }>('queue list');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.connection.open();
});
test.after.each(({ scene }) => scene.connection.close());

async function refusal(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    error => error,
  );
}

test('lists what is there of all sinks; one that is neither configured nor consumed is orphaned', async ({ scene }) => {
  scene.server.absent.add('event-sink.ga4');
  const listed = await scene.queues.list();
  assert.equal(
    listed.map(({ name, orphaned }) => [name, orphaned]),
    [
      ['event-sink.local', false],
      ['event-sink.mongodb', true],
    ],
  );
  scene.server.consumers.set('event-sink.mongodb', 1);
  await scene.clock.pass(500);
  assert.equal(
    (await scene.queues.list()).map(({ orphaned }) => orphaned),
    [false, false],
  );
});

test('removes a queue of ours, once', async ({ scene }) => {
  await scene.queues.remove('event-sink.mongodb');
  assert.ok(scene.server.absent.has('event-sink.mongodb'));
  assert.instance(await refusal(scene.queues.remove('event-sink.mongodb')), UnsupportedError);
});

test('removes none of others, and none that is consumed', async ({ scene }) => {
  assert.instance(await refusal(scene.queues.remove('clowder')), UnsupportedError);
  scene.server.consumers.set('event-sink.ga4', 2);
  assert.instance(await refusal(scene.queues.remove('event-sink.ga4')), SetupError);
  assert.is(scene.server.absent.size, 0);
});

test('without a connection it says so', async ({ scene }) => {
  scene.server.reachable = false;
  scene.server.cut();
  assert.instance(await refusal(scene.queues.list()), TransientError);
});

test.run();
