import type { ConfirmChannel } from 'amqplib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ChannelWriter } from '../../../../src/broker/rabbitmq/publish/channel-writer.js';
import type { EncodedMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import { until } from '../../../helpers/wait.js';
import { FakeChannel, FakeServer } from '../fake-channel.js';

const message = (messageId: string, content = '{}'): EncodedMessage => {
  return { exchange: 'events', routingKey: '', content, options: { messageId } };
};

function scene() {
  const server = new FakeServer();
  const channel = new FakeChannel(server);
  const writer = new ChannelWriter(channel as unknown as ConfirmChannel);
  const ids = () => channel.published.map(({ options }) => options.messageId);
  return { server, channel, writer, ids };
}

test('what is added leaves with the next flush, and each message has its own confirm', async () => {
  const { server, writer, ids } = scene();
  server.answer = ({ options }) => (options.messageId === 'b' ? 'nack' : 'ack');
  const confirms: string[] = [];
  for (const id of ['a', 'b', 'c']) writer.add(message(id), error => confirms.push(`${id} ${error === null}`));
  assert.equal(ids(), []);
  writer.flush();
  writer.flush();
  assert.equal(ids(), ['a', 'b', 'c']);
  await until(() => confirms.length === 3, 'all confirms');
  assert.equal(confirms, ['a true', 'b false', 'c true']);
});

test('much leaves before the flush', () => {
  const { writer, ids } = scene();
  writer.add(message('large', 'x'.repeat(100_000)), () => {});
  assert.equal(ids(), ['large']);
  assert.is(writer.full, undefined);
});

test('what cannot be encoded is not counted: the confirms of the others stay theirs', async () => {
  const { writer } = scene();
  const confirmed: string[] = [];
  writer.add(message('a'), () => confirmed.push('a'));
  assert.throws(() => writer.add(message('x'.repeat(256)), () => confirmed.push('wrong')));
  writer.add(message('b'), () => confirmed.push('b'));
  writer.flush();
  await until(() => confirmed.length === 2, 'both confirms');
  assert.equal(confirmed, ['a', 'b']);
});

test('while the socket has too much to send there is no room; there is again once it has sent it', async () => {
  const { server, channel, writer } = scene();
  server.hasRoom = false;
  writer.add(message('a'), () => {});
  const { full } = writer;
  assert.ok(full);
  server.hasRoom = true;
  channel.connection.stream.emit('drain');
  await full;
  assert.is(writer.full, undefined);
  assert.is(channel.connection.stream.listenerCount('drain'), 0);
});

test('nobody waits for room on a channel that is closed', async () => {
  const { server, channel, writer } = scene();
  server.hasRoom = false;
  writer.add(message('a'), () => {});
  const { full } = writer;
  channel.end();
  await full;
  assert.ok(writer.closed);
});

test('who does not ask for room does not listen for it, and it may have come before somebody asks', async () => {
  const { server, channel, writer } = scene();
  const listeners = () => channel.connection.stream.listenerCount('drain');
  server.hasRoom = false;
  writer.add(message('a'), () => {});
  assert.is(listeners(), 0);
  server.hasRoom = true;
  assert.is(writer.full, undefined);
  server.hasRoom = false;
  writer.add(message('b'), () => {});
  assert.ok(writer.full);
  assert.is(writer.full, writer.full);
  assert.is(listeners(), 1);
  channel.end();
});

test('a channel that was closed before is known to be', () => {
  const { channel } = scene();
  channel.end();
  assert.ok(new ChannelWriter(channel as unknown as ConfirmChannel).closed);
});

test.run();
