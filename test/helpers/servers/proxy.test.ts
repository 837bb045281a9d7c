import { createServer, type Server, Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchLeaks } from '../leaks.js';
import { portOf } from '../ports.js';
import { until } from '../wait.js';
import { FaultProxy } from './proxy.js';

/** Answers each piece with `<piece>`, and closes when the client does. */
async function echo(): Promise<Server> {
  const server = createServer(socket => {
    socket.on('error', () => {});
    socket.on('data', piece => socket.write(`<${piece}>`));
  });
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  return server;
}

class Client {
  received = '';
  ended: string | undefined;
  readonly socket = new Socket();

  constructor(port: number) {
    this.socket.connect(port, '127.0.0.1');
    this.socket.on('data', piece => {
      this.received += piece;
    });
    this.socket.on('end', () => {
      this.ended ??= 'end';
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ??= error.code ?? 'error';
    });
  }
}

async function proxied(use: (proxy: FaultProxy) => Promise<void>): Promise<void> {
  const server = await echo();
  const proxy = await FaultProxy.start(portOf(server));
  try {
    await use(proxy);
  } finally {
    await proxy.stop();
    await new Promise(closed => server.close(closed));
  }
}

watchLeaks(test);

test('pass: both directions, and the end', () =>
  proxied(async proxy => {
    const client = new Client(proxy.port);
    client.socket.write('hello');
    await until(() => client.received === '<hello>', 'the answer');
    client.socket.end();
    await until(() => client.ended === 'end', 'the end');
    assert.is(proxy.accepted, 1);
    await until(() => proxy.open === 0, 'no connection open');
  }));

test('refuse: nobody listens, and later somebody does on the same port', () =>
  proxied(async proxy => {
    const open = new Client(proxy.port);
    await until(() => proxy.open === 1, 'a connection');
    await proxy.set('refuse');
    await until(() => open.ended === 'ECONNRESET', 'the reset');
    const refused = new Client(proxy.port);
    await until(() => refused.ended === 'ECONNREFUSED', 'the refusal');
    await proxy.set('pass');
    const client = new Client(proxy.port);
    client.socket.write('again');
    await until(() => client.received !== '', 'the answer');
    assert.is(client.received, '<again>');
    client.socket.destroy();
  }));

test('cut: accepted and reset', () =>
  proxied(async proxy => {
    await proxy.set('cut');
    const client = new Client(proxy.port);
    await until(() => client.ended === 'ECONNRESET', 'the reset');
    assert.is(proxy.open, 0);
  }));

test('black-hole: open and silent, and what was held travels when it ends', () =>
  proxied(async proxy => {
    const client = new Client(proxy.port);
    client.socket.write('one');
    await until(() => client.received === '<one>', 'the answer');
    await proxy.set('black-hole');
    client.socket.write('two');
    await new Promise(later => setTimeout(later, 60));
    assert.is(client.received, '<one>');
    assert.is(client.ended, undefined);
    await proxy.set('pass');
    await until(() => client.received === '<one><two>', 'the second answer');
    client.socket.destroy();
  }));

test('slow: in the order sent, whole', () =>
  proxied(async proxy => {
    await proxy.set({ mode: 'slow', latency: 5, bytesPerSecond: 1_000 });
    const client = new Client(proxy.port);
    client.socket.write('1234567890');
    await until(() => client.received.endsWith('>'), 'the answer');
    assert.is(client.received, '<1234567890>');
    client.socket.destroy();
  }));

test('cut-answer: the server gets the question, the client a part of the answer', () =>
  proxied(async proxy => {
    await proxy.set({ mode: 'cut-answer', bytes: 3 });
    const client = new Client(proxy.port);
    client.socket.write('hello');
    client.socket.write('hello');
    // Node 20 tells a reset right behind a piece of data as an end.
    await until(() => client.ended !== undefined, 'the end');
    assert.ok('<he'.startsWith(client.received));
  }));

test('a server that is not there ends the connection', async () => {
  const server = await echo();
  const proxy = await FaultProxy.start(portOf(server));
  await new Promise(closed => server.close(closed));
  const client = new Client(proxy.port);
  await until(() => client.ended !== undefined, 'the reset');
  assert.is(client.received, '');
  await proxy.stop();
});

test.run();
