import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Connection } from '../../../../src/broker/rabbitmq/connection.js';
import { backgroundConfirmMs, ConfirmPublisher } from '../../../../src/broker/rabbitmq/publish/confirm-publisher.js';
import type { EncodedMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { silentLog } from '../../../../src/log.js';
import { ManualClock, settled } from '../../../helpers/manual-clock.js';
import { until } from '../../../helpers/wait.js';
import { FakeServer } from '../fake-channel.js';

class Scene {
  readonly server = new FakeServer();
  readonly clock = new ManualClock();
  readonly ready: boolean[] = [];
  missing = 0;
  readonly connection = new Connection({
    nodes: ['amqp://127.0.0.1'],
    name: 'test',
    clock: this.clock,
    log: silentLog,
    connect: this.server.connect,
  });
  readonly publisher = new ConfirmPublisher({
    connection: this.connection,
    clock: this.clock,
    log: silentLog,
    onReady: isNewConnection => this.ready.push(isNewConnection),
    onMissing: () => {
      this.missing += 1;
    },
  });

  async open(): Promise<void> {
    await this.connection.open();
    this.publisher.open();
    await until(() => this.publisher.ready, 'a publisher that is ready');
  }

  /** Time goes on until another channel is open. */
  async reopened(): Promise<void> {
    const before = this.ready.length;
    await until(async () => {
      await this.clock.pass(200);
      return this.ready.length > before;
    }, 'another channel');
  }

  publish(...ids: string[]) {
    return this.publisher.publish(ids.map(message));
  }
}

function message(id: string): EncodedMessage {
  return { exchange: 'events', routingKey: '', content: Buffer.from('{}'), options: { messageId: id } };
}

const test = suite<{ scene: Scene }>('confirm publisher');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.open();
});
test.after.each(async ({ scene }) => {
  await scene.publisher.close();
  await scene.connection.close();
  assert.is(scene.clock.sleeping, 0);
});

test('one result for each message, in their order', async ({ scene }) => {
  assert.equal(await scene.publish(), []);
  assert.equal(await scene.publish('a', 'b'), ['confirmed', 'confirmed']);
  scene.server.answer = ({ options }) => (options.messageId === 'b' ? 'return' : 'ack');
  assert.equal(await scene.publish('a', 'b', 'c'), ['confirmed', 'returned', 'confirmed']);
  assert.equal(scene.ready, [true]);
});

test('what cannot be encoded is refused, and no other message with it', async ({ scene }) => {
  const [first, second] = await scene.publisher.publish([
    { ...message('a'), options: { messageId: 'a', headers: { wrong: Symbol('x') } } },
    message('b'),
  ]);
  assert.match(JSON.stringify(first), 'it cannot be encoded');
  assert.is(second, 'confirmed');
});

test('after a refusal another channel of the same connection takes over', async ({ scene }) => {
  scene.server.answer = () => 'nack';
  assert.equal(await scene.publish('a'), ['failed']);
  scene.server.answer = () => 'ack';
  await scene.reopened();
  assert.equal(scene.ready, [true, false]);
  assert.is(scene.server.channels.length, 2);
  assert.equal(await scene.publish('a'), ['confirmed']);
});

test('a broker that closes the channel because of a message rejects all that were on their way', async ({ scene }) => {
  scene.server.answer = ({ options }) => (options.messageId === 'a' ? [311, 'CONTENT_TOO_LARGE'] : 'ack');
  assert.equal(await scene.publish('a', 'b'), ['rejected', 'rejected']);
  assert.match(scene.publisher.error?.message ?? '', 'CONTENT_TOO_LARGE');
  await scene.reopened();
  assert.equal(await scene.publish('b'), ['confirmed']);
  assert.is(scene.publisher.error, undefined);
});

test('an exchange that is not there is reported, and what was meant for it has failed', async ({ scene }) => {
  scene.server.answer = () => [404, 'NOT_FOUND - no exchange'];
  assert.equal(await scene.publish('a'), ['failed']);
  assert.is(scene.missing, 1);
  scene.server.answer = () => 'ack';
  await scene.reopened();
});

test('a broker that is silent for five seconds counts as dead, and the connection is dropped', async ({ scene }) => {
  scene.server.answer = () => 'silence';
  const published = scene.publish('a');
  await scene.clock.pass(4_999);
  assert.ok(scene.publisher.ready);
  await scene.clock.pass(1);
  assert.equal(await published, ['failed']);
  await until(() => !scene.publisher.ready, 'a publisher without a connection');
  scene.server.answer = () => 'ack';
  await scene.reopened();
  assert.equal(scene.ready, [true, true]);
});

test('a slow broker is not dropped: what is waited for has failed, and what is not is confirmed', async ({ scene }) => {
  scene.server.answer = ({ options }) => (options.messageId?.startsWith('late') ? 'silence' : 'ack');
  const patient = scene.publisher.publish(['late'].map(message), backgroundConfirmMs);
  const waited = scene.publish('late too');
  for (let second = 0; second < 12; second += 3) {
    await scene.clock.pass(3_000);
    assert.equal(await scene.publish(`in time ${second}`), ['confirmed']);
  }
  assert.equal(await waited, ['failed']);
  assert.equal(scene.ready, [true]);
  scene.server.channels[0]!.confirmAll();
  assert.equal(await patient, ['confirmed']);
});

test('what begins while the timer of something earlier runs has five seconds of its own', async ({ scene }) => {
  assert.equal(await scene.publish('early'), ['confirmed']);
  await scene.clock.pass(4_000);
  scene.server.answer = () => 'silence';
  let found: readonly unknown[] | undefined;
  const late = scene.publish('late').then(results => {
    found = results;
  });
  await scene.clock.pass(1_000);
  await scene.clock.pass(3_999);
  assert.is(found, undefined);
  assert.ok(scene.publisher.ready);
  await scene.clock.pass(1);
  await late;
  assert.equal(found, ['failed']);
});

test('what is never confirmed is not waited for without end, though others are', async ({ scene }) => {
  scene.server.answer = ({ options }) => (options.messageId === 'never' ? 'silence' : 'ack');
  const never = scene.publisher.publish([message('never')], backgroundConfirmMs);
  for (let passed = 0; passed < backgroundConfirmMs; passed += 4_000) {
    assert.equal(await scene.publish('in time'), ['confirmed']);
    await scene.clock.pass(4_000);
  }
  assert.equal(await never, ['failed']);
  await scene.reopened();
  assert.equal(scene.ready, [true, true]);
});

test('without a channel a message has failed at once', async ({ scene }) => {
  scene.server.cut();
  await settled();
  assert.equal(await scene.publish('a'), ['failed']);
  await scene.reopened();
});

test('nobody waits for what a blocked connection has on its way', async ({ scene }) => {
  scene.server.answer = () => 'silence';
  const published = scene.publish('a', 'b');
  await settled();
  scene.publisher.giveUpWaiting();
  assert.equal(await published, ['failed', 'failed']);
});

test('what waits for room in the buffers is given up in time too', async ({ scene }) => {
  scene.server.answer = ({ options }) => (options.messageId === 'heard' ? 'ack' : 'silence');
  scene.server.hasRoom = false;
  const late = scene.publish('a', 'b');
  await scene.clock.pass(3_000);
  scene.server.channels[0]!.confirmAll();
  await scene.clock.pass(2_000);
  assert.equal(await late, ['confirmed', 'failed']);
  const blocked = scene.publish('c', 'd');
  await settled();
  scene.publisher.giveUpWaiting();
  assert.equal(await blocked, ['failed', 'failed']);
  assert.equal(scene.ready, [true]);
  scene.server.hasRoom = true;
});

test('of several that wait for room, the next takes no more than there is', async ({ scene }) => {
  scene.server.hasRoom = false;
  const publications = [scene.publish('a', 'b'), scene.publish('c', 'd'), scene.publish('e', 'f')];
  await settled();
  assert.is(scene.server.published.length, 1);
  scene.server.channels[0]!.connection.stream.emit('drain');
  await settled();
  assert.is(scene.server.published.length, 2);
  scene.server.hasRoom = true;
  scene.server.channels[0]!.connection.stream.emit('drain');
  assert.equal((await Promise.all(publications)).flat(), Array(6).fill('confirmed'));
});

test('a short list that waits for room gets some before the rest of a long one', async ({ scene }) => {
  scene.server.hasRoom = false;
  const publications = [scene.publish('a1', 'a2', 'a3'), scene.publish('b')];
  await settled();
  for (let drains = 0; drains < 2; drains += 1) {
    scene.server.channels[0]!.connection.stream.emit('drain');
    await settled();
  }
  const ids = scene.server.published.map(({ options }) => options.messageId);
  assert.ok(ids.includes('b'), `the long list alone was sent: ${ids}`);
  assert.is(ids.length, 3);
  scene.server.hasRoom = true;
  scene.server.channels[0]!.connection.stream.emit('drain');
  assert.equal((await Promise.all(publications)).flat(), Array(4).fill('confirmed'));
});

test.run();
