import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OwnChannels } from '../../../../src/broker/rabbitmq/publish/own-channel.js';
import type { Clock } from '../../../../src/clock.js';
import { hastyClock } from '../../../helpers/clock.js';
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

test.run();
