import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiveConnection } from '../../../../src/broker/rabbitmq/connection.js';
import { PermissionError, replyCode } from '../../../../src/broker/rabbitmq/errors.js';
import {
  bindQueue,
  declareExchange,
  declareQueue,
  queueArguments,
} from '../../../../src/broker/rabbitmq/topology/declare.js';
import { SetupError } from '../../../../src/errors.js';
import { FakeConnection } from '../fake-connection.js';

interface Context extends Pick<FakeConnection, 'server' | 'connection'> {
  live: LiveConnection;
}

const test = suite<Context>('declare');
test.before.each(async context => {
  Object.assign(context, new FakeConnection());
  await context.connection.open();
  context.live = context.connection.now()!;
});
test.after.each(async ({ server, connection }) => {
  assert.ok(
    server.channels.every(({ closed }) => closed),
    'a channel was left open',
  );
  await connection.close();
});

const forbidden = [403, 'ACCESS_REFUSED - configure access refused'] as const;
const different = [406, "PRECONDITION_FAILED - inequivalent arg 'type'"] as const;

test('a quorum queue delivers as often as it takes, and a classic one is given no limit', () => {
  assert.equal(queueArguments('quorum'), { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 });
  assert.equal(queueArguments('classic'), { 'x-queue-type': 'classic' });
  assert.equal(queueArguments('classic', true), { 'x-queue-type': 'classic', 'x-single-active-consumer': true });
});

test('an exchange that may not be declared will do when it is there', async ({ server, live }) => {
  server.refuse = () => forbidden;
  await declareExchange(live, 'events');
  server.absent.add('events');
  const error = await declareExchange(live, 'events').catch(thrown => thrown);
  assert.instance(error, PermissionError);
  assert.match(error.message, 'lacks the configure permission on the exchange events');
});

test('what is there already, but declared in another way, says what a person can do about it', async ({
  server,
  live,
}) => {
  server.refuse = () => different;
  const exchange = await declareExchange(live, 'events').catch(thrown => thrown);
  assert.instance(exchange, SetupError);
  assert.match(exchange.message, 'name another in RABBITMQ_EXCHANGENAME');
  const queue = await declareQueue(live, 'event-sink.local', 'quorum').catch(thrown => thrown);
  assert.instance(queue, SetupError);
  assert.match(queue.message, 'event-sink queues remove event-sink.local');
});

test('a binding without its exchange fails with the code of the server', async ({ server, live }) => {
  await bindQueue(live, 'event-sink.local', 'events');
  assert.equal(server.declared, ['bind event-sink.local']);
  server.refuse = () => [404, "NOT_FOUND - no exchange 'events' in vhost '/'"];
  const error = await bindQueue(live, 'event-sink.local', 'events').catch(thrown => thrown);
  assert.is(replyCode(error), 404);
});

test.run();
