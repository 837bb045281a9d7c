import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AddressList } from '../../../src/ip-address.js';
import { keys, post, problemOf, type Running, run } from '../running.js';

const event = { category: 'upload' };
let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

async function signIn(key: string = keys.all): Promise<string> {
  const response = await daemon.request('/v1/session', { method: 'POST', headers: { 'x-api-key': key } });
  assert.is(response.status, 200);
  return response.headers.get('set-cookie')!;
}

function withCookie(cookie: string, init: RequestInit = {}): RequestInit {
  const pair = cookie.split(';')[0]!;
  return { ...init, headers: { ...(init.headers as Record<string, string>), 'x-api-key': '', cookie: pair } };
}

test('a key is taken from either header', async () => {
  const bearer = { 'x-api-key': '', authorization: `bearer ${keys.publish}` };
  assert.is((await daemon.request('/v1/events', post(event, bearer))).status, 202);
  assert.is((await daemon.request('/v1/events', post(event, { 'x-api-key': keys.publish }))).status, 202);
});

test('a key in the URL does not count', async () => {
  const response = await daemon.request(`/v1/status?api_key=${keys.all}&key=${keys.all}`, {
    headers: { 'x-api-key': '' },
  });
  assert.is(response.status, 401);
});

test('scopes are kept apart', async () => {
  const statusOf = async (key: string, path: string, init: RequestInit = {}): Promise<number> => {
    const headers = { ...(init.headers as Record<string, string>), 'x-api-key': key };
    return (await daemon.request(path, { ...init, headers })).status;
  };
  assert.is(await statusOf(keys.publish, '/v1/events'), 403);
  assert.is(await statusOf(keys.read, '/v1/events', post(event)), 403);
  assert.is(await statusOf(keys.read, '/v1/publish', post({ queue: 'q', message: {} })), 403);
  assert.is(await statusOf(keys.read, '/v1/dead-letters?sink=mongodb&all=true', { method: 'DELETE' }), 403);
  assert.is(await statusOf(keys.read, '/v1/dead-letters'), 200);
  const refused = await daemon.request('/v1/events', { headers: { 'x-api-key': keys.publish } });
  assert.match(refused.headers.get('www-authenticate') ?? '', 'insufficient_scope');
  assert.is(daemon.backend.published.length, 0);
});

test('without a key nobody learns what a request should look like', async () => {
  for (const path of ['/v1/events?limit=none', '/v1/series?step=x', '/v1/dead-letters?nonsense=1']) {
    assert.is((await daemon.request(path, { headers: { 'x-api-key': '' } })).status, 401, path);
  }
});

test('the key is checked before a byte of the body is asked for', async () => {
  const connection = await daemon.connect();
  const head = 'POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n';
  connection.send(`${head}X-API-Key: wrong\r\nExpect: 100-continue\r\n\r\n`);
  const text = await connection.ended();
  assert.match(text, /^HTTP\/1\.1 401 /);
  assert.match(text, /connection: close/i);
});

test('with a valid key the client is asked to continue', async () => {
  const connection = await daemon.connect();
  const body = JSON.stringify(event);
  connection.send(
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nX-API-Key: ${keys.all}\r\nExpect: 100-continue\r\n\r\n`,
  );
  assert.match(await connection.until('100 Continue'), /^HTTP\/1\.1 100 /);
  connection.send(body);
  assert.match(await connection.until('durability'), 'HTTP/1.1 202 ');
  connection.close();
});

test('an unknown key and none get different answers', async () => {
  const none = await daemon.request('/v1/status', { headers: { 'x-api-key': '' } });
  assert.is(none.headers.get('www-authenticate'), 'Bearer realm="event-sink"');
  const wrong = await daemon.request('/v1/status', { headers: { 'x-api-key': 'wrong' } });
  assert.match(wrong.headers.get('www-authenticate') ?? '', 'invalid_token');
});

test('after twenty failures in a minute an address has to wait; a valid key still passes, and health is never limited', async () => {
  const wrong = { headers: { 'x-api-key': 'wrong' } };
  for (let failure = 0; failure < 20; failure++) {
    assert.is((await daemon.request('/v1/status', wrong)).status, 401);
  }
  const limited = await daemon.request('/v1/status', wrong);
  assert.is((await problemOf(limited)).status, 429);
  const wait = Number(limited.headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
  assert.is((await daemon.request('/v1/status')).status, 200);
  assert.is((await daemon.request('/v1/status', { headers: { 'x-api-key': keys.none } })).status, 403);
  assert.is((await daemon.request('/healthz', wrong)).status, 200);
  assert.is((await daemon.request('/readyz', wrong)).status, 200);
});

test('behind a proxy that is trusted, addresses are distinguished by its last hop alone', async () => {
  await daemon.close();
  daemon = await run({ trustProxy: 'peer', failedAttempts: 1 });
  const from = (address: string): RequestInit => ({ headers: { 'x-api-key': 'wrong', 'x-forwarded-for': address } });
  assert.is((await daemon.request('/v1/status', from('6.6.6.6, 192.0.2.1'))).status, 401);
  assert.is((await daemon.request('/v1/status', from('7.7.7.7, 192.0.2.1'))).status, 429);
  assert.is((await daemon.request('/v1/status', from('192.0.2.1, 192.0.2.2'))).status, 401);
});

test('behind proxies that are named, X-Forwarded-For is believed from them alone', async () => {
  await daemon.close();
  daemon = await run({ trustProxy: new AddressList(['192.0.2.0/24']), failedAttempts: 1 });
  const from = (address: string): RequestInit => ({ headers: { 'x-api-key': 'wrong', 'x-forwarded-for': address } });
  assert.is((await daemon.request('/v1/status', from('6.6.6.6'))).status, 401);
  assert.is((await daemon.request('/v1/status', from('7.7.7.7'))).status, 429, 'this peer is not a proxy');
});

test('without trust the header changes nothing', async () => {
  await daemon.close();
  daemon = await run({ failedAttempts: 1 });
  const from = (address: string): RequestInit => ({ headers: { 'x-api-key': 'wrong', 'x-forwarded-for': address } });
  assert.is((await daemon.request('/v1/status', from('192.0.2.1'))).status, 401);
  assert.is((await daemon.request('/v1/status', from('192.0.2.2'))).status, 429);
});

test('the addresses of one IPv6 network are one', async () => {
  await daemon.close();
  daemon = await run({ trustProxy: 'peer', failedAttempts: 1 });
  const from = (address: string): RequestInit => ({ headers: { 'x-api-key': 'wrong', 'x-forwarded-for': address } });
  assert.is((await daemon.request('/v1/status', from('2001:db8:1:2::1'))).status, 401);
  assert.is((await daemon.request('/v1/status', from('2001:db8:1:2:ffff::9'))).status, 429);
  assert.is((await daemon.request('/v1/status', from('2001:0DB8:1:2::5'))).status, 429);
  assert.is((await daemon.request('/v1/status', from('2001:db8:1:3::1'))).status, 401);
});

test('a configured rate limits each key by itself', async () => {
  await daemon.close();
  daemon = await run({ rateLimit: 2 });
  const statusOf = async (key: string) =>
    (await daemon.request('/v1/events', { headers: { 'x-api-key': key } })).status;
  assert.equal([await statusOf(keys.read), await statusOf(keys.read), await statusOf(keys.read)], [200, 200, 429]);
  assert.is(await statusOf(keys.all), 200);
});

test('a page signs in with a key and goes on with a cookie that scripts cannot read', async () => {
  const cookie = await signIn();
  for (const part of [/; httponly/i, /; samesite=strict/i, /; path=\//i, /; expires=/i]) assert.match(cookie, part);
  assert.not.match(cookie, /; secure/i);
  assert.not.match(cookie, keys.all);
  assert.is((await daemon.request('/v1/status', withCookie(cookie))).status, 200);
});

test('over TLS, as a trusted proxy says, the cookie is for TLS alone', async () => {
  await daemon.close();
  daemon = await run({ trustProxy: 'peer' });
  const response = await daemon.request('/v1/session', { method: 'POST', headers: { 'x-forwarded-proto': 'https' } });
  const cookie = response.headers.get('set-cookie') ?? '';
  assert.match(cookie, /^__Host-event_sink_session=[^;]+;.*; secure/i);
  const [pair = ''] = cookie.split(';');
  const secure = { 'x-forwarded-proto': 'https' };
  assert.is((await daemon.request('/v1/status', withCookie(pair, { headers: secure }))).status, 200);
  const planted = pair.replace('__Host-', '');
  assert.is((await daemon.request('/v1/status', withCookie(planted, { headers: secure }))).status, 401);
});

test('whoever signs in often ends sessions of their own key alone', async () => {
  const operator = await signIn(keys.all);
  const first = await signIn(keys.read);
  for (let time = 0; time < 100; time++) await signIn(keys.read);
  assert.is((await daemon.request('/v1/status', withCookie(first))).status, 401);
  assert.is((await daemon.request('/v1/status', withCookie(operator))).status, 200);
});

test('what changes something needs a header beside the cookie', async () => {
  const cookie = await signIn();
  const forged = await daemon.request('/v1/events', withCookie(cookie, post(event)));
  assert.is((await problemOf(forged)).status, 403);
  const own = await daemon.request('/v1/events', withCookie(cookie, post(event, { 'x-requested-with': 'page' })));
  assert.is(own.status, 202);
});

test('signing out ends the session, and so does taking the key away', async () => {
  const first = await signIn();
  const init = withCookie(first, { method: 'DELETE', headers: { 'x-requested-with': 'page' } });
  const signedOut = await daemon.request('/v1/session', init);
  assert.is(signedOut.status, 204);
  assert.match(signedOut.headers.get('set-cookie') ?? '', /expires=Thu, 01 Jan 1970/i);
  assert.is((await daemon.request('/v1/status', withCookie(first))).status, 401);

  const second = await signIn(keys.read);
  daemon.revoked.add(keys.read);
  assert.is((await daemon.request('/v1/status', withCookie(second))).status, 401);
});

test('a session ends by itself', async () => {
  await daemon.close();
  daemon = await run({ sessionMs: 30 });
  const cookie = await signIn();
  await new Promise(resolve => setTimeout(resolve, 50));
  assert.is((await daemon.request('/v1/status', withCookie(cookie))).status, 401);
});

test.run();
