import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OwnChannels } from '../../../../src/broker/rabbitmq/publish/own-channel.js';
import type { Clock } from '../../../../src/clock.js';
import { hastyClock } from '../../../helpers/clock.js';
import { ManualClock } from '../../../helpers/manual-clock.js';
import { until } from '../../../helpers/wait.js';
import { FakeServer } from '../fake-channel.js';

const message = { exchange: 'events', routingKey: '', content: Buffer.from('{}'), options: { messageId: 'a' } };

test('an exchange that was refused is not tried again at once, nor when the broker was silent about it', async () => {
  const server = new FakeServer();
  const model = await server.connect();
  let now = 0;
  let isSilent = false;
  const hasty = hastyClock();
  // Time passes only while there is no answer to overtake.
  const sleep: Clock['sleep'] = (ms, signal) => (isSilent ? hasty.sleep(ms, signal) : new Promise<never>(() => {}));
  const clock: Clock = { ...hasty, sleep, monotonic: () => now };
  const live = { model, gone: new Promise<never>(() => {}) } as never;
  const channels = new OwnChannels({ connection: { now: () => live, blocked: undefined }, clock });
  server.answer = () => [403, "ACCESS_REFUSED - access to exchange 'events' in vhost '/' refused for user 'events'"];
  assert.is(await channels.publish(message), 'failed');
  assert.is(await channels.publish(message), 'failed');
  assert.is(server.channels.length, 1, 'tried again at once');
  assert.ok(channels.refuses('events'));
  now = 10_000;
  isSilent = true;
  server.answer = () => 'silence';
  assert.is(await channels.publish(message), 'failed');
  assert.is(server.channels.length, 2);
  assert.is(await channels.publish(message), 'failed');
  assert.is(server.channels.length, 2, 'each message waits for a silent broker');
  assert.match(channels.errors[0]?.message ?? '', 'write permission');
  now = 20_000;
  isSilent = false;
  server.answer = () => 'ack';
  assert.is(await channels.publish(message), 'confirmed');
  assert.equal(channels.errors, []);
});

test('headers that would close the connection are refused, and nothing of the message is sent', async () => {
  const server = new FakeServer();
  const model = await server.connect();
  const live = { model, gone: new Promise<never>(() => {}) } as never;
  const clock: Clock = { ...hastyClock(), sleep: () => new Promise<never>(() => {}) };
  const channels = new OwnChannels({ connection: { now: () => live, blocked: undefined }, clock });
  const options = { messageId: 'a', headers: { long: 'x'.repeat(140_000) } };
  assert.match(JSON.stringify(await channels.publish({ ...message, options })), 'its headers do not fit into a frame');
  assert.equal(server.published, []);
  assert.is(await channels.publish(message), 'confirmed');
});

/** Time passes when the test says so. */
async function scene() {
  const server = new FakeServer();
  const model = await server.connect();
  const clock = new ManualClock();
  const live = { model, gone: new Promise<never>(() => {}) } as never;
  const channels = new OwnChannels({ connection: { now: () => live, blocked: undefined }, clock });
  return { server, model, clock, channels };
}

test('what has failed before there was a channel is not published later, and the channel is closed', async () => {
  const { server, model, clock, channels } = await scene();
  const create = model.createConfirmChannel;
  let goOn = (): void => {};
  const alarmIsOver = new Promise<void>(resolve => {
    goOn = resolve;
  });
  model.createConfirmChannel = async () => {
    await alarmIsOver;
    return create();
  };
  const published = channels.publish(message);
  await clock.pass(5_000);
  assert.is(await published, 'failed');
  goOn();
  await until(() => server.channels[0]?.closed === true, 'the end of the channel');
  assert.equal(server.published, []);
});

test('a channel whose message is never confirmed is closed when its time is over', async () => {
  const { server, clock, channels } = await scene();
  server.answer = () => 'silence';
  const published = channels.publish(message);
  await until(() => server.published.length === 1, 'a message on its way');
  assert.is(server.channels[0]?.closed, false);
  await clock.pass(5_000);
  assert.is(await published, 'failed');
  await until(() => server.channels[0]?.closed === true, 'the end of the channel');
});

test('what was confirmed, refused or not taken leaves no channel either', async () => {
  const { server, channels } = await scene();
  assert.is(await channels.publish(message), 'confirmed');
  server.answer = () => 'nack';
  assert.is(await channels.publish(message), 'failed');
  const refused = await channels.publish({ ...message, options: { messageId: 'x'.repeat(256) } });
  assert.match(JSON.stringify(refused), 'it cannot be encoded');
  assert.is(server.channels.length, 3);
  await until(() => server.channels.every(({ closed }) => closed), 'the end of all channels');
});

test('a message has failed at once when the connection has ended, or ends before the channel is used', async () => {
  const { server, model, clock, channels } = await scene();
  const create = model.createConfirmChannel;
  model.createConfirmChannel = async () => {
    const channel = await create();
    server.cut();
    return channel;
  };
  assert.is(await channels.publish(message), 'failed');
  model.createConfirmChannel = () => Promise.reject(new Error('Channel ended, no reply will be forthcoming'));
  assert.is(await channels.tryToPublish(message), 'failed');
  assert.equal(server.published, []);
  assert.is(clock.sleeping, 0);
});

test('a message that cannot be encoded says nothing about the exchange: what refused it still stands', async () => {
  const { server, clock, channels } = await scene();
  server.answer = () => [403, "ACCESS_REFUSED - access to exchange 'events' in vhost '/' refused for user 'events'"];
  assert.is(await channels.publish(message), 'failed');
  await clock.pass(10_000);
  await channels.publish({ ...message, options: { messageId: 'x'.repeat(256) } });
  assert.ok(channels.refuses('events'));
  server.answer = () => 'ack';
  assert.is(await channels.publish(message), 'confirmed');
  assert.not(channels.refuses('events'));
});

test.run();
