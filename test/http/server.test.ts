import { Agent, request as httpRequest, ServerResponse } from 'node:http';
import { queryObjects } from 'node:v8';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../src/errors.js';
import { until } from '../helpers/wait.js';
import { keys, post, problemOf, type Running, run } from './running.js';

let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

async function raw(text: string): Promise<string> {
  const connection = await daemon.connect();
  connection.send(text);
  return connection.ended();
}

test('every answer has the id of its request: the one given, or one made here', async () => {
  const given = await daemon.request('/nothing', { headers: { 'x-request-id': 'abc-1' } });
  assert.is(given.headers.get('x-request-id'), 'abc-1');
  assert.is((await problemOf(given)).instance, 'abc-1');
  for (const unfit of ['x'.repeat(129), 'two words', '']) {
    const made = (await daemon.request('/healthz', { headers: { 'x-request-id': unfit } })).headers.get('x-request-id');
    assert.match(made ?? '', /^[0-9a-f]{10}-\w+$/, unfit);
  }
});

test('answers are not to be sniffed or kept', async () => {
  const { headers } = await daemon.request('/v1/status');
  assert.is(headers.get('x-content-type-options'), 'nosniff');
  assert.is(headers.get('cache-control'), 'no-store');
});

test('paths that are not there, methods that are not taken, and what is', async () => {
  for (const path of [
    '/nothing',
    '/v1',
    '/v1/status/7',
    '/%E0%A4%A',
    '/v1/..%2fmetrics',
    '//v1/events',
    '/__proto__',
  ]) {
    assert.is((await problemOf(await daemon.request(path))).status, 404, path);
  }
  const wrong = await daemon.request('/v1/events', { method: 'PUT', body: '{}' });
  assert.equal(wrong.headers.get('allow')?.split(', ').sort(), ['GET', 'HEAD', 'OPTIONS', 'POST']);
  assert.is((await problemOf(wrong)).status, 405);
  const options = await daemon.request('/v1/events', { method: 'OPTIONS' });
  assert.is(options.status, 204);
  assert.ok(options.headers.get('allow'));
});

test('HEAD answers as GET does, without a body', async () => {
  for (const path of ['/healthz', '/v1/events', '/v1/stream', '/docs']) {
    const response = await daemon.request(path, { method: 'HEAD' });
    assert.is(response.status, 200, path);
    assert.is(await response.text(), '');
  }
  assert.is((await daemon.request('/v1/events', { method: 'HEAD', headers: { 'x-api-key': '' } })).status, 401);
});

test('whatever is not HTTP is still answered with a problem', async () => {
  const cases: readonly (readonly [string, number])[] = [
    ['nonsense\r\n\r\n', 400],
    [`GET /healthz HTTP/1.1\r\nHost: x\r\nBig: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['GET /healthz HTTP/1.1\r\nHost: x\r\nBad\u0001Name: x\r\n\r\n', 400],
    ['GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 400],
    ['POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef', 400],
    ['GET /healthz HTTP/1.1\r\n\r\n', 400],
    [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
  ];
  for (const [text, status] of cases) {
    const answer = await raw(text);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 80));
    assert.match(answer, 'urn:event-sink:problem:', text.slice(0, 80));
  }
  assert.is((await daemon.request('/healthz')).status, 200);
});

test('what a proxy in front could read differently is refused, with a problem', async () => {
  const key = `X-API-Key: ${keys.all}\r\nConnection: close`;
  const cases: readonly [request: string, status: number][] = [
    [`GET /v1/status HTTP/1.1\r\nHost: a\r\nHost: b\r\n${key}\r\n\r\n`, 400],
    [`GET /v1/status HTTP/1.1\r\nHost: a\r\nhOST: a\r\n${key}\r\n\r\n`, 400],
    [`GET http://a/v1/status HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 400],
    [`GET /V1/status HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 404],
    [`GET /v1/status/ HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 404],
    [`GET //v1/status HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 404],
    [`POST /V1/PUBLISH HTTP/1.1\r\nHost: a\r\n${key}\r\nContent-Length: 2\r\n\r\n{}`, 404],
    [`POST /v1/events HTTP/1.1\r\nHost: a\r\n${key}\r\nExpect: x\r\nContent-Length: 2\r\n\r\n{}`, 417],
    [`CONNECT a:443 HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 405],
    [`PROPFIND /v1/status HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 405],
    [`BREW /v1/status HTTP/1.1\r\nHost: a\r\n${key}\r\n\r\n`, 400],
  ];
  for (const [request, status] of cases) {
    const connection = await daemon.connect();
    connection.send(request);
    const answer = await connection.ended();
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), request);
    assert.match(answer, /content-type: application\/problem\+json/i, request);
    assert.is(JSON.parse(answer.split('\r\n\r\n')[1]!).status, status, request);
  }
  assert.equal([...daemon.backend.published, ...daemon.backend.sent], []);
});

test('a pipeline whose client leaves before its answers leaves nothing behind', async () => {
  const before = queryObjects(ServerResponse, { format: 'count' });
  let open = (): void => {};
  daemon.backend.gate = new Promise(resolve => {
    open = resolve;
  });
  const body = '{"category":"x"}';
  const head = `Host: x\r\nX-API-Key: ${keys.all}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  for (let number = 0; number < 5; number++) {
    const connection = await daemon.connect();
    connection.send(`POST /v1/events HTTP/1.1\r\n${head}\r\n\r\n${body}`.repeat(10));
    await new Promise(resolve => setTimeout(resolve, 20));
    connection.close();
  }
  open();
  const left = (): number => queryObjects(ServerResponse, { format: 'count' }) - before;
  await until(() => left() <= 2, 'answers that are not kept', 60_000, 50);
  assert.ok(left() <= 2);
});

test('hostile headers neither break a line nor get through', async () => {
  const hostile = [
    "' OR 1=1 --",
    `$${'{'}jndi:ldap://x}`,
    '../../etc/passwd',
    '<script>',
    '%0d%0aSet-Cookie: a=b',
    '\u00ff'.repeat(200),
  ];
  for (const value of hostile) {
    for (const name of [
      'x-api-key',
      'authorization',
      'cookie',
      'idempotency-key',
      'content-type',
      'x-request-id',
      'event-source',
    ]) {
      const headers = { 'content-type': 'application/json', 'x-api-key': keys.all, [name]: value };
      const response = await daemon.request('/v1/events', { method: 'POST', headers, body: '{"category":"x"}' });
      assert.ok([202, 400, 401, 415, 429].includes(response.status), `${name}: ${value} → ${response.status}`);
      assert.is(response.headers.get('set-cookie'), null);
    }
  }
});

test('no page of another site may call the API, unless it is configured', async () => {
  const origin = { origin: 'https://portal.example.org' };
  assert.is((await daemon.request('/v1/status', { headers: origin })).headers.get('access-control-allow-origin'), null);
  await daemon.close();
  daemon = await run({ corsOrigins: ['https://portal.example.org'] });
  const simple = await daemon.request('/v1/status', { headers: origin });
  assert.is(simple.headers.get('access-control-allow-origin'), origin.origin);
  assert.is(simple.headers.get('access-control-allow-credentials'), null);
  assert.is(simple.headers.get('vary'), 'Origin');
  const asking = { ...origin, 'access-control-request-method': 'POST', 'x-api-key': '' };
  const preflight = await daemon.request('/v1/events', { method: 'OPTIONS', headers: asking });
  assert.is(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', 'X-API-Key');
  const refusal = await daemon.request('/v1/status', { headers: { ...origin, 'x-api-key': 'wrong' } });
  assert.is(refusal.headers.get('access-control-allow-origin'), origin.origin);
  const other = await daemon.request('/v1/status', { headers: { origin: 'https://other.example.org' } });
  assert.is(other.headers.get('access-control-allow-origin'), null);
});

test('many connections at once', async () => {
  const agent = new Agent({ keepAlive: true });
  const body = JSON.stringify({ category: 'upload' });
  const headers = { 'content-type': 'application/json', 'x-api-key': keys.publish, 'content-length': body.length };
  const send = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const options = { port: daemon.port, path: '/v1/events', method: 'POST', headers, agent };
      const request = httpRequest(options, response => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject).end(body);
    });
  const statuses = await Promise.all(Array.from({ length: 400 }, send));
  assert.ok(statuses.every(status => status === 202));
  assert.is(daemon.backend.published.length, 400);
  agent.destroy();
});

test('closing lets what was begun finish, and waits for nobody else', async () => {
  let open = (): void => {};
  daemon.backend.gate = new Promise(resolve => {
    open = resolve;
  });
  const silent = await daemon.connect();
  const idle = await daemon.connect();
  idle.send('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await idle.until('"ok"');
  const begun = daemon.request('/v1/events', post({ category: 'upload' }));
  await until(() => daemon.backend.begun === 1, 'a request under way');
  const closed = daemon.server.close(30_000);
  await Promise.all([silent.ended(), idle.ended()]);
  open();
  assert.is((await begun).status, 202);
  await closed;
});

test('closing cuts what is not finished by the deadline', async () => {
  daemon.backend.gate = new Promise(() => {});
  const stuck = daemon.request('/v1/events', post({ category: 'upload' })).catch((error: Error) => error);
  await until(() => daemon.backend.begun === 1, 'a request under way');
  await daemon.server.close(100);
  assert.instance(await stuck, Error);
});

test('a port that is taken is reported as such', async () => {
  try {
    await run({ port: daemon.port });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, SetupError);
    assert.match(
      (error as Error).message,
      `cannot listen on 127.0.0.1:${daemon.port}: port ${daemon.port} of 127.0.0.1 is taken by another program`,
    );
  }
});

test.run();
