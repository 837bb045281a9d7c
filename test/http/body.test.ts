import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InFlight, readText } from '../../src/http/body.js';
import { keys, post, problemOf, type Running, run } from './running.js';

const MiB = 1024 * 1024;
const head = `POST /v1/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.all}\r\nContent-Type: application/json\r\n`;
let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
/** Whatever a test sent: nothing of it was kept, unless the test expects it, and the daemon goes on. */
test.after.each(async () => {
  assert.is(daemon.backend.published.length, 0);
  assert.is((await daemon.request('/v1/events', post({ category: 'after' }))).status, 202);
  const metrics = await (await daemon.request('/metrics')).text();
  assert.match(metrics, /event_sink_http_in_flight_bytes 0\n/);
  await daemon.close();
});

async function refused(body: string | Buffer | undefined, headers: Record<string, string> = {}): Promise<number> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
  const response = await daemon.request('/v1/events', body === undefined ? init : { ...init, body });
  return (await problemOf(response)).status;
}

test('what is not JSON, and what is not an event', async () => {
  for (const body of [
    '',
    ' ',
    '{',
    '{"category":',
    'category=x',
    'NaN',
    '"text"',
    '7',
    'null',
    'true',
    '[]',
    '[7]',
    '{}',
  ]) {
    assert.is(await refused(body), 400, body);
  }
});

test('deep nesting', async () => {
  for (const body of ['['.repeat(500_000), `{"category":"x","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`]) {
    assert.is(await refused(body), 400);
  }
});

test('wrong types and bad times', async () => {
  for (const fields of [{ category: 7 }, { category: '' }, { category: 'x'.repeat(129) }, { user_id: '' }]) {
    assert.is(await refused(JSON.stringify({ category: 'upload', ...fields })), 400, JSON.stringify(fields));
  }
  for (const created of ['yesterday', -1, 1e18, '2024-13-01', null, {}, '10000-01-01T00:00:00Z']) {
    assert.is(await refused(JSON.stringify({ category: 'upload', created })), 400, String(created));
  }
});

test('bytes that are not UTF-8', async () => {
  assert.is(await refused(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), 400);
});

test('a content type, charset or encoding that is not understood', async () => {
  for (const type of [
    'text/plain',
    'application/xml',
    'application/json; charset=latin1',
    'multipart/form-data',
    '__proto__',
  ]) {
    assert.is(await refused('{"category":"x"}', { 'content-type': type }), 415, type);
  }
  for (const encoding of ['br', 'gzip, gzip', 'zstd', 'constructor']) {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    const response = await daemon.request('/v1/events', { method: 'POST', headers, body: '{"category":"x"}' });
    assert.is(response.status, 415, encoding);
    assert.is(response.headers.get('accept-encoding'), 'gzip, deflate, identity');
  }
});

test('no body at all', async () => {
  assert.is(await refused(undefined), 400);
});

test('packed bytes that cannot be unpacked', async () => {
  const packed = gzipSync(JSON.stringify({ category: 'x', text: 'y'.repeat(10_000) }));
  for (const body of [packed.subarray(0, packed.length - 12), Buffer.from('no gzip'), packed.subarray(5)]) {
    assert.is(await refused(body, { 'content-encoding': 'gzip' }), 400);
  }
  assert.is(await refused(gzipSync(''), { 'content-encoding': 'gzip' }), 400);
});

test('too large: declared, in chunks, and once unpacked', async () => {
  assert.is(await refused(JSON.stringify({ category: 'x', text: 'y'.repeat(MiB) })), 413);
  assert.is(await refused(gzipSync('x'.repeat(MiB + 1)), { 'content-encoding': 'gzip' }), 413);

  const declared = await daemon.connect();
  declared.send(`${head}Content-Length: 99999999999\r\n\r\n`);
  assert.match(await declared.until('too-large'), /^HTTP\/1\.1 413 /);
  declared.close();

  const chunked = await daemon.connect();
  chunked.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  for (let sent = 0; sent < 17; sent++) chunked.send(chunk);
  assert.match(await chunked.until('too-large'), /^HTTP\/1\.1 413 /);
  chunked.close();
});

test('the connection of a refused body can be used again', async () => {
  const connection = await daemon.connect();
  const body = 'x'.repeat(2 * MiB);
  connection.send(`${head}Content-Length: ${body.length}\r\n\r\n${body}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
  const text = await connection.until('"ok"');
  assert.match(text, /^HTTP\/1\.1 413 /);
  assert.match(text, /HTTP\/1\.1 200 OK/);
  connection.close();
});

test('a client that will not stop sending is cut off', async () => {
  const connection = await daemon.connect();
  connection.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
  const chunk = `100000\r\n${'x'.repeat(MiB)}\r\n`;
  let sent = 0;
  for (; !connection.socket.destroyed && sent < 200; sent++) {
    await new Promise(resolve => connection.socket.write(chunk, resolve));
  }
  assert.ok(sent < 100, `${sent} MiB`);
});

test('bombs are refused without being unpacked: memory stays flat', async () => {
  const bomb = gzipSync(Buffer.alloc(100 * MiB));
  const send = () => refused(bomb, { 'content-encoding': 'gzip' });
  assert.is(await send(), 413);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 10; round++)
    assert.equal(await Promise.all([send(), send(), send(), send()]), Array(4).fill(413));
  const grown = (process.memoryUsage().rss - before) / MiB;
  assert.ok(grown < 60, `${grown.toFixed(0)} MiB more`);
});

test('a body that ends early is not an event', async () => {
  const connection = await daemon.connect();
  connection.send(`${head}Content-Length: 100\r\n\r\n{"category":"x"}`);
  connection.socket.end();
  assert.match(await connection.ended(), /^(HTTP\/1\.1 400 |$)/);
  const abrupt = await daemon.connect();
  abrupt.send(`${head}Content-Length: 100\r\n\r\n{"category":"x"}`);
  abrupt.close();
  await new Promise(resolve => setTimeout(resolve, 50));
});

test('a body that comes too slowly is given up, and so are headers', async () => {
  await daemon.close();
  daemon = await run({ bodyTimeoutMs: 100, headersTimeoutMs: 200 });
  const slow = await daemon.connect();
  slow.send(`${head}Content-Length: 100\r\n\r\n{"cat`);
  const text = await slow.ended();
  assert.match(text, /^HTTP\/1\.1 408 /);
  assert.match(text, 'urn:event-sink:problem:request-timeout');
  const headers = await daemon.connect();
  headers.send('GET /healthz HTTP/1.1\r\nHo');
  assert.match(await headers.ended(), /^HTTP\/1\.1 408 /);
});

test('when too much is on its way at once, the next has to wait', async () => {
  await daemon.close();
  daemon = await run({ maxInFlightBytes: MiB });
  const large = await daemon.connect();
  large.send(`${head}Content-Length: ${MiB}\r\n\r\n${' '.repeat(MiB - 100)}`);
  let busy: Response;
  do {
    await new Promise(resolve => setTimeout(resolve, 5));
    busy = await daemon.request('/v1/events', post(' '.repeat(200)));
  } while (busy.status === 400);
  assert.is(busy.headers.get('retry-after'), '1');
  assert.is((await problemOf(busy)).status, 503);
  large.close();
  await new Promise(resolve => setTimeout(resolve, 50));
});

test('a body that comes together with its headers is read without a listener, and the connection goes on', async () => {
  const limits = { maxBodyBytes: 100, bodyTimeoutMs: 60_000 };
  const read: string[] = [];
  const server = createServer(async (request, response) => {
    const text = await readText(request, response, limits, new InFlight(100).reservation());
    read.push(`${text} ${request.listenerCount('data')}`);
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    for (const text of ['{"first":1}', '{"second":2}']) {
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      await once(socket, 'data');
    }
  } finally {
    socket.destroy();
    server.close();
  }
  assert.equal(read, ['{"first":1} 0', '{"second":2} 0']);
});

test.run();
