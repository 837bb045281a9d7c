import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keys, type Running, run } from './running.js';

let daemon: Running;

test.after.each(() => daemon.close());

const request = `GET /v1/status HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.read}\r\n\r\n`;
const lastRequest = request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

test('a connection opened long before its first request is kept, and answers it', async () => {
  daemon = await run({ headersTimeoutMs: 200, bodyTimeoutMs: 200 });
  const connection = await daemon.connect();
  // Node checks for late requests every two seconds.
  await sleep(5_000);
  assert.not.ok(connection.socket.readableEnded, 'it is still open');
  connection.send(request);
  assert.match(await connection.until('}]}'), /^HTTP\/1\.1 200 /);
  connection.send(lastRequest);
  assert.is((await connection.ended()).match(/HTTP\/1\.1 200 /g)?.length, 2, 'and the next one too');
});

test('from its first byte on a request must arrive in time', async () => {
  daemon = await run({ headersTimeoutMs: 200, bodyTimeoutMs: 200 });
  const connection = await daemon.connect();
  connection.send('GET /v1/st');
  assert.match(await connection.ended(), /^HTTP\/1\.1 408 [\s\S]*request-timeout/);
});

test('a first request that comes byte by byte, or with its body at once, is read whole', async () => {
  daemon = await run();
  const slow = await daemon.connect();
  for (const byte of lastRequest) {
    slow.send(byte);
    if (byte === '\n') await sleep(2);
  }
  assert.match(await slow.ended(), /^HTTP\/1\.1 200 /);
  const body = JSON.stringify([{ category: 'upload', text: 'x'.repeat(300_000) }]);
  const whole = await daemon.connect();
  whole.send(
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.publish}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  assert.match(await whole.ended(), /^HTTP\/1\.1 202 /);
});

test('a connection that stays silent is closed without an answer', async () => {
  daemon = await run({ keepAliveMs: 300 });
  const silent = await daemon.connect();
  const began = performance.now();
  assert.is(await silent.ended(), '');
  assert.ok(performance.now() - began >= 250);
});

test('a server that closes does not wait for a connection that has sent nothing', async () => {
  daemon = await run();
  const waiting = await daemon.connect();
  await sleep(50);
  await daemon.close();
  assert.is(await waiting.ended(), '');
});

test.run();
