// waits: mostly
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from '../helpers/wait.js';
import { sampleEvent } from './fake-backend.js';
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
  const began = performance.now();
  const silent = await daemon.connect();
  assert.is(await silent.ended(), '');
  assert.ok(performance.now() - began >= 250);
});

test('a connection whose client ends it before its first byte is not held', async () => {
  daemon = await run();
  const connection = await daemon.connect();
  const began = performance.now();
  connection.socket.end();
  assert.is(await connection.ended(), '');
  assert.ok(performance.now() - began < 60_000, 'not for as long as an idle one');
});

test('a server that closes does not wait for a connection that has sent nothing', async () => {
  daemon = await run();
  const waiting = await daemon.connect();
  await sleep(50);
  await daemon.close();
  assert.is(await waiting.ended(), '');
});

test('one connection too many takes the place of the one that has been idle for longest, and it is said', async () => {
  daemon = await run({ maxConnections: 3 });
  const idle = [await daemon.connect(), await daemon.connect(), await daemon.connect()];
  await sleep(50);
  const fourth = await daemon.connect();
  fourth.send(lastRequest);
  assert.match(await fourth.ended(), /^HTTP\/1\.1 200 /);
  assert.is(await idle[0]!.ended(), '');
  assert.not.ok(idle[1]!.socket.readableEnded);
  const [problem] = daemon.server.problems();
  assert.match(problem?.what ?? '', /As many connections are open as there may be: 3\./);
  assert.match(
    await (await daemon.request('/metrics')).text(),
    /event_sink_http_connections_cut_total\{reason="idle"\} [1-9]/,
  );
  for (const connection of idle) connection.close();
});

test('where none is idle, a new connection is refused', async () => {
  daemon = await run({ maxConnections: 2 });
  const busy = [await daemon.connect(), await daemon.connect()];
  for (const connection of busy)
    connection.send(`GET /v1/stream HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.all}\r\n\r\n`);
  for (const connection of busy) await connection.until(': open');
  const refused = await daemon.connect();
  assert.is(await refused.ended(), '');
  for (const connection of busy) connection.close();
});

test('a reader that takes nothing for too long is cut, and what its answers held is free again', async () => {
  daemon = await run({ stalledMs: 300 });
  const text = 'x'.repeat(1_000_000);
  daemon.backend.events = async () => ({ events: [{ ...sampleEvent, text }], nextCursor: 'more' });
  const reader = await daemon.connect();
  reader.socket.pause();
  // The system takes several MiB before a reader is seen to stand still.
  reader.send(`GET /v1/events?limit=1000 HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.read}\r\n\r\n`.repeat(10));
  await until(async () => /cut_total\{reason="stalled"\} 1/.test(await metrics()), 'the reader is cut');
  assert.ok(await until(async () => /event_sink_http_answer_bytes 0\n/.test(await metrics()), 'nothing is held'));
  reader.close();
});

test('a client that sends hundreds of requests ahead of their answers is cut', async () => {
  daemon = await run();
  const client = await daemon.connect();
  client.socket.pause();
  client.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(300));
  await until(async () => /cut_total\{reason="pipelined"\} 1/.test(await metrics()), 'it is cut');
  client.close();
  const polite = await daemon.connect();
  polite.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50) + lastRequest);
  assert.is((await polite.ended()).match(/HTTP\/1\.1 200 /g)?.length, 51);
});

test('a stream whose client has left before its turn on the connection is no stream any more', async () => {
  daemon = await run({ maxStreams: 2 });
  const client = await daemon.connect();
  const stream = `GET /v1/stream HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.all}\r\n\r\n`;
  client.send(stream + stream);
  await client.until(': open');
  client.close();
  assert.ok(await until(async () => /event_sink_streams 0\n/.test(await metrics()), 'no stream is open'));
});

async function metrics(): Promise<string> {
  return (await daemon.request('/metrics')).text();
}

test.run();
