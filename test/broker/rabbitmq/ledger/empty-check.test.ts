import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isEmpty } from '../../../../src/broker/rabbitmq/ledger/empty-check.js';
import { systemClock } from '../../../../src/clock.js';
import { silentLog } from '../../../../src/log.js';
import { arriving, FakeServer } from '../fake-channel.js';

const options = (server: FakeServer) => ({
  nodes: ['amqp://127.0.0.1'],
  clock: systemClock,
  log: silentLog,
  connect: server.connect,
});

test('a queue is empty when a get says so, and not when there is a message or no answer', async () => {
  const server = new FakeServer();
  assert.ok(await isEmpty('q', options(server)));
  server.ready.push(arriving(1, '{}'));
  assert.not(await isEmpty('q', options(server)));
  server.refuse = operation => (operation === 'get' ? [541, 'INTERNAL_ERROR'] : undefined);
  server.ready.length = 0;
  assert.not(await isEmpty('q', options(server)));
  assert.ok(server.channels.every(({ closed }) => closed));
});

test('without a server nothing is known', async () => {
  const server = new FakeServer();
  server.reachable = false;
  assert.not(await isEmpty('q', options(server)));
});

test.run();
