import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiveConnection } from '../../../../src/broker/rabbitmq/connection.js';
import { Inspector } from '../../../../src/broker/rabbitmq/topology/inspector.js';
import { Topology } from '../../../../src/broker/rabbitmq/topology/topology.js';
import { SetupError, UnsupportedError } from '../../../../src/errors.js';
import { recordingLog } from '../../../helpers/recording-log.js';
import { until } from '../../../helpers/wait.js';
import { FakeConnection } from '../fake-connection.js';

class Scene extends FakeConnection {
  readonly recorded = recordingLog();
  readonly topology = new Topology({
    exchange: 'events',
    queueType: 'quorum',
    inspector: new Inspector(this.connection, this.clock),
    clock: this.clock,
    log: this.recorded.log,
  });
  live!: LiveConnection;

  async open(): Promise<void> {
    await this.connection.open();
    this.live = this.connection.now() as LiveConnection;
  }

  /** What one check declares. */
  async check(): Promise<string[]> {
    const before = this.server.declared.length;
    await this.topology.check(this.live);
    return this.server.declared.slice(before);
  }
}

const test = suite<{ scene: Scene }>('topology');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.open();
});
test.after.each(({ scene }) => scene.connection.close());

const local = { sink: 'local', name: 'event-sink.local', adopted: false };

test('the exchange, the queue, its dead letters and the binding are made, and only bound again every five seconds', async ({
  scene,
}) => {
  scene.server.absent.add('event-sink.local');
  scene.topology.add(local);
  assert.is(scene.topology.exchangeReady, false);
  assert.equal(await scene.check(), [
    'configure events',
    'configure event-sink.local',
    'configure event-sink.local.dead',
    'bind event-sink.local',
  ]);
  assert.is(scene.topology.exchangeReady, true);
  await scene.clock.pass(4_999);
  assert.equal(await scene.check(), []);
  await scene.clock.pass(1);
  assert.equal(await scene.check(), ['bind event-sink.local']);
  assert.is(scene.topology.gaps, 0);
});

test('a queue that was there and is gone is made again, counted and logged', async ({ scene }) => {
  scene.topology.add(local);
  await scene.check();
  scene.server.absent.add('event-sink.local');
  assert.equal(await scene.check(), [
    'configure event-sink.local',
    'configure event-sink.local.dead',
    'bind event-sink.local',
  ]);
  assert.is(scene.topology.gaps, 1);
  const [line] = scene.recorded.lines.filter(({ level }) => level === 'error');
  assert.equal([line?.line, line?.fields.queue], ['queue.disappeared', 'event-sink.local']);
});

test('an exchange that disappeared is made again when a queue cannot be bound to it', async ({ scene }) => {
  scene.topology.add(local);
  await scene.check();
  await scene.clock.pass(5_000);
  let refusals = 1;
  scene.server.refuse = operation => (operation === 'bind' && refusals-- > 0 ? [404, 'NOT_FOUND'] : undefined);
  assert.equal(await scene.check(), ['configure events', 'bind event-sink.local']);
  assert.is(scene.topology.gaps, 1);
  assert.equal(scene.topology.errors, []);
});

test('an adopted queue is bound as it is', async ({ scene }) => {
  scene.topology.add({ ...local, name: 'theirs', adopted: true });
  assert.equal(await scene.check(), ['configure events', 'configure event-sink.local.dead', 'bind theirs']);
});

test('what RabbitMQ refuses is an error with a fix, asked for again after ten seconds', async ({ scene }) => {
  scene.server.refuse = (_operation, name) =>
    name === 'event-sink.local' ? [406, 'PRECONDITION_FAILED - inequivalent arg'] : undefined;
  scene.topology.add(local);
  await scene.check();
  const [error] = scene.topology.errors;
  assert.instance(error, SetupError);
  assert.match(error?.message ?? '', /RABBITMQ_QUEUE_TYPE/);
  assert.is(scene.topology.exchangeReady, true, 'the others may go on');
  scene.server.refuse = () => undefined;
  await scene.clock.pass(9_999);
  assert.equal(await scene.check(), []);
  await scene.clock.pass(1);
  await scene.check();
  assert.equal(scene.topology.errors, []);
});

test('a queue can be waited for, if it is one of these', async ({ scene }) => {
  scene.topology.add(local);
  await scene.topology.ensure(scene.live, local.name);
  assert.ok(scene.server.declared.includes('bind event-sink.local'));
  await scene.topology.ensure(scene.live, 'other').then(
    () => assert.unreachable(),
    error => assert.instance(error, UnsupportedError),
  );
});

test('on another connection, and after something was found missing, nothing counts as known', async ({ scene }) => {
  scene.topology.add(local);
  const everything = await scene.check();
  scene.topology.invalidate();
  assert.equal(await scene.check(), everything);
  scene.server.cut();
  await until(async () => {
    await scene.clock.pass(200);
    return scene.connection.now() !== undefined && scene.connection.now() !== scene.live;
  }, 'another connection');
  scene.live = scene.connection.now() as LiveConnection;
  assert.equal(await scene.check(), everything);
});

test.run();
