import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientError } from '../../src/errors.js';
import { KeyLimits, PageLimits } from '../../src/http/limits.js';
import { defaultHttpSettings } from '../../src/http/settings.js';
import { recordedForms } from '../browser/recorded-forms.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { keys, post, type Running, run } from './running.js';

const portal = 'https://portal.example.org';
const test = suite<{ daemon: Running }>('events of pages');

test.before.each(async context => {
  context.daemon = await run({ failedAttempts: 5 });
  context.daemon.limits.set(keys.collect, { origins: [portal] });
});
test.after.each(({ daemon }) => daemon.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly code: number; readonly error: string };
}

async function send(daemon: Running, path: string, init: RequestInit): Promise<Answer> {
  const headers = { origin: portal, 'x-api-key': '', ...(init.headers as Record<string, string>) };
  const response = await daemon.request(path, { method: 'POST', ...init, headers });
  assert.is(response.headers.get('content-type')?.split(';')[0], 'application/json');
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

const event = (insertId: string, more: object = {}) => ({
  event_type: 'search',
  device_id: 'd1',
  insert_id: insertId,
  time: 1709542924150,
  ...more,
});

const upload = (events: unknown, key: string = keys.collect): RequestInit => post({ api_key: key, events });

const categories = (daemon: Running): unknown[] =>
  daemon.backend.published.map(({ body }) => JSON.parse(body).category);

for (const path of ['/2/httpapi', '/batch']) {
  test(`${path}: JSON is accepted, and answered as Amplitude answers`, async ({ daemon }) => {
    const init = upload([event('a'), event('b')]);
    const { status, body } = await send(daemon, path, init);
    assert.is(status, 200);
    assert.is(body.code, 200);
    assert.is(body.events_ingested, 2);
    assert.is(body.payload_size_bytes, (init.body as string).length);
    assert.ok(Math.abs(Date.now() - (body.server_upload_time as number)) < 60_000);
    assert.equal(categories(daemon), ['search', 'search']);
    const { visitor, source, country } = JSON.parse(daemon.backend.published[0]!.body);
    assert.match(visitor, /^visitor of /);
    assert.is(source, 'browser');
    assert.is(country, 'CH');
  });
}

test('gzip is unpacked', async ({ daemon }) => {
  const init = upload([event('a')]);
  const body = new Uint8Array(gzipSync(init.body as string));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  assert.is((await send(daemon, '/2/httpapi', { body, headers })).status, 200);
  assert.equal(categories(daemon), ['search']);
});

test('a beacon is text/plain', async ({ daemon }) => {
  const { body } = upload([event('a')]);
  const headers = { 'content-type': 'text/plain;charset=UTF-8' };
  assert.is((await send(daemon, '/2/httpapi', { body: body!, headers })).body.code, 200);
  assert.equal(categories(daemon), ['search']);
});

test('a form is answered 200 with a text, whatever its events are: anything else is sent again for ever', async ({
  daemon,
}) => {
  const form = new URLSearchParams({
    client: keys.collect,
    e: JSON.stringify([event('a'), { no: 'type' }, event('b')]),
    v: '2',
    upload_time: '1709542924150',
    checksum: '0',
  });
  const response = await daemon.request('/2/httpapi', {
    method: 'POST',
    body: form,
    headers: { 'x-api-key': '', origin: portal },
  });
  assert.is(response.status, 200);
  assert.is(await response.text(), 'success');
  assert.equal(categories(daemon), ['search', 'search']);
});

for (const [version, recorded] of Object.entries(recordedForms)) {
  test(`what amplitude-js ${version} sends arrives with its fields`, async ({ daemon }) => {
    const response = await daemon.request('/2/httpapi', {
      method: 'POST',
      body: recorded.replace('client=KEY', `client=${keys.collect}`),
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'cross-origin-resource-policy': 'cross-origin',
        'x-api-key': '',
        origin: portal,
      },
    });
    assert.is(response.status, 200);
    assert.is(response.headers.get('access-control-allow-origin'), portal);
    assert.is(await response.text(), 'success');
    const [message] = daemon.backend.published;
    const body = JSON.parse(message?.body ?? '{}');
    assert.is(body.category, 'view_resource');
    assert.is(body.type, 'dataset');
    assert.is(body.resource_name, 'Prairie & soil "2023"');
    assert.is(body.viewer_id, '65ca84273789d6e032ede889');
    assert.is(body.library, `amplitude-js/${version}`);
    assert.match(body.session_id, /^\d{13}$/);
    assert.match(body.insert_id, /^[0-9a-f-]{36}$/);
    assert.is(body.user_id, undefined);
  });
}

test('sent twice in one request it is one event', async ({ daemon }) => {
  const { body } = await send(daemon, '/2/httpapi', upload([event('a'), event('a')]));
  assert.is(body.events_ingested, 2);
  assert.is(daemon.backend.published.length, 1);
});

test('an SDK is shown which events are bad, and nothing is kept of its request', async ({ daemon }) => {
  const bad = [{}, event('a'), event('b', { time: 'x' }), { event_type: 7 }, null];
  const { status, body } = await send(daemon, '/2/httpapi', upload(bad));
  assert.is(status, 400);
  assert.is(body.code, 400);
  assert.match(body.error, /4 of 5 events are not valid/);
  assert.equal(body.events_with_missing_fields, { event_type: [0, 4] });
  assert.equal(body.events_with_invalid_fields, { time: [2], event_type: [3] });
  assert.equal(daemon.backend.published, []);
});

test('of a beacon, which nobody sends again, the good events are kept', async ({ daemon }) => {
  const init = upload([{}, event('a')]);
  const { status, body } = await send(daemon, '/batch', { ...init, headers: { 'content-type': 'text/plain' } });
  assert.is(status, 400);
  assert.equal(body.events_with_missing_fields, { event_type: [0] });
  assert.equal(categories(daemon), ['search']);
});

test('what is not an upload is refused in words; what lacks a part names it, so that an SDK drops it', async ({
  daemon,
}) => {
  const ask = async (value: unknown) => (await send(daemon, '/2/httpapi', post(value))).body;
  assert.match((await ask([])).error, /must be a JSON object/);
  assert.is((await ask({ api_key: keys.collect })).missing_field, 'events');
  assert.is((await ask({ api_key: keys.collect, events: [] })).missing_field, 'events');
  const without = await send(daemon, '/2/httpapi', post({ events: [event('a')] }));
  assert.is(without.status, 401);
  assert.is(without.body.missing_field, 'api_key');
});

test('an unknown key is 401, in words that make an SDK drop the events', async ({ daemon }) => {
  const { status, body } = await send(daemon, '/2/httpapi', upload([event('a')], 'wrong'));
  assert.is(status, 401);
  assert.is(body.code, 401);
  assert.match(body.error, /^Invalid API key: it is not known here/);
});

test('failures are counted: beyond the limit 429, and a good key passes all the same', async ({ daemon }) => {
  for (let tries = 0; tries < 5; tries += 1) await send(daemon, '/2/httpapi', upload([event('a')], 'wrong'));
  const over = await send(daemon, '/batch', upload([event('a'), event('b')], 'wrong'));
  assert.is(over.status, 429);
  assert.is(over.body.code, 429);
  assert.match(over.body.error, /without a valid key from this address/);
  assert.equal(over.body.throttled_events, [0, 1]);
  assert.ok(Number(over.headers.get('retry-after')) >= 1);
  assert.is((await send(daemon, '/2/httpapi', upload([event('a')]))).status, 200);
});

test('what is no upload counts as a failure too, and what is wrong with one is for those with a key', async ({
  daemon,
}) => {
  const empty = await send(daemon, '/2/httpapi', upload([], 'wrong'));
  assert.is(empty.status, 401);
  for (let tries = 0; tries < 4; tries += 1) await send(daemon, '/2/httpapi', post([]));
  const over = await send(daemon, '/2/httpapi', post([]));
  assert.is(over.status, 429);
  const many = await send(daemon, '/2/httpapi', upload(Array(5_000).fill(1), 'wrong'));
  assert.is(many.status, 429);
  assert.is((many.body.throttled_events as unknown[]).length, 1_000);
  assert.is((await send(daemon, '/2/httpapi', upload([event('a')]))).status, 200);
});

test('strangers whose bodies stand half sent keep nobody with a key from publishing', async () => {
  const daemon = await run({ maxInFlightBytes: 2 * 1024 * 1024, maxBodyBytes: 512 * 1024 });
  const half = `POST /2/httpapi HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 512000\r\n\r\n`;
  const strangers = await Promise.all(Array.from({ length: 6 }, () => daemon.connect()));
  for (const stranger of strangers) stranger.send(half + ' '.repeat(500_000));
  let page: Answer;
  do {
    await new Promise(resolve => setTimeout(resolve, 5));
    page = await send(
      daemon,
      '/2/httpapi',
      upload([event('a', { event_properties: { text: 'x'.repeat(100_000) } })], ''),
    );
  } while (page.status !== 503);
  const large = { category: 'upload', description: 'x'.repeat(500_000) };
  assert.is((await daemon.request('/v1/events', post(large))).status, 202);
  for (const stranger of strangers) stranger.close();
  await daemon.close();
});

test('a key for something else is refused, and named', async ({ daemon }) => {
  const { status, body } = await send(daemon, '/2/httpapi', upload([event('a')], keys.publish));
  assert.is(status, 403);
  assert.match(body.error, /^Invalid API key.* needs the scope collect; key-publish has publish/);
});

test('a stolen collect key sends nothing to /v1/events and reads nothing', async ({ daemon }) => {
  const headers = { 'x-api-key': keys.collect };
  const sent = await daemon.request('/v1/events', post({ category: 'upload' }, headers));
  assert.is(sent.status, 403);
  assert.match(await sent.text(), /needs the scope publish; the key key-collect has collect/);
  const read = await daemon.request('/v1/events', { headers });
  assert.is(read.status, 403);
  assert.match(await read.text(), /needs the scope read/);
  assert.equal(daemon.backend.published, []);
});

test('a page of another origin is refused in words, and may not read them', async ({ daemon }) => {
  for (const origin of ['https://evil.example.org', 'null', 'http://portal.example.org']) {
    const { headers, ...init } = upload([event('a')]);
    const other = await send(daemon, '/2/httpapi', { ...init, headers: { ...(headers as object), origin } });
    assert.is(other.status, 403);
    assert.is(other.body.code, 403);
    assert.match(other.body.error, `${origin}: key-collect is for pages of ${portal} only`);
    assert.is(other.headers.get('access-control-allow-origin'), null);
  }
  assert.equal(daemon.backend.published, []);
});

test('a preflight is answered for the pages of a collect key, and for no others', async ({ daemon }) => {
  const preflight = (origin: string, path = '/2/httpapi') =>
    fetch(`${daemon.url}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,cross-origin-resource-policy',
      },
    });
  const own = await preflight(portal);
  assert.is(own.status, 204);
  assert.is(own.headers.get('access-control-allow-origin'), portal);
  assert.is(own.headers.get('access-control-allow-methods'), 'POST');
  assert.match(own.headers.get('access-control-allow-headers') ?? '', /Content-Type.*Cross-Origin-Resource-Policy/);
  assert.is(own.headers.get('vary'), 'Origin');
  const other = await preflight('https://evil.example.org');
  assert.is(other.status, 403);
  assert.match(await other.text(), /no collect key for pages of https:\/\/evil\.example\.org/);
  assert.is(other.headers.get('access-control-allow-origin'), null);
  assert.is((await preflight(portal, '/v1/events')).headers.get('access-control-allow-origin'), null);
});

test('CORS_ORIGINS opens the API to pages, and not this', async () => {
  const daemon = await run({ corsOrigins: ['*'] });
  const { headers } = await daemon.request('/2/httpapi', { ...upload([event('a')]), headers: { origin: portal } });
  await daemon.close();
  assert.is(headers.get('access-control-allow-origin'), null);
});

test('a page reads its answer, also when it is refused', async ({ daemon }) => {
  for (const key of [keys.collect, 'wrong']) {
    const { headers } = await send(daemon, '/2/httpapi', upload([event('a')], key));
    assert.is(headers.get('access-control-allow-origin'), portal);
    assert.is(headers.get('access-control-allow-credentials'), 'true');
  }
});

test('ten thousand requests a minute are refused in words: by address, then by key', async () => {
  const daemon = await run({ pageQuotaPerAddress: 3, pageQuota: 5 });
  daemon.limits.set(keys.collect, { origins: [portal] });
  const init = upload([event('a')]);
  for (let sent = 0; sent < 3; sent += 1) assert.is((await send(daemon, '/2/httpapi', init)).status, 200);
  const over = await send(daemon, '/2/httpapi', init);
  assert.is(over.status, 429);
  assert.match(over.body.error, /from this address: it may send 3 a minute with the key key-collect, .* Wait \d+ s\./);
  assert.equal(over.body.throttled_events, [0]);
  assert.is(daemon.backend.published.length, 3);
  await daemon.close();
});

test('a large request counts as several', async () => {
  const daemon = await run({ pageQuotaPerAddress: 6 });
  daemon.limits.set(keys.collect, { origins: [portal] });
  const init = upload([event('a', { event_properties: { text: 'x'.repeat(60_000) } })]);
  assert.is((await send(daemon, '/2/httpapi', init)).status, 200);
  const over = await send(daemon, '/2/httpapi', init);
  assert.is(over.status, 429);
  assert.match(over.body.error, /each of at most 16 KiB/);
  await daemon.close();
});

test('of ten thousand requests in a minute, an address gets 600 and all of them 6,000', async () => {
  const { pageQuota: quota, pageQuotaPerAddress } = defaultHttpSettings;
  const key = { name: 'pages', scopes: ['collect'], quota } as const;
  const [one, all] = [new PageLimits(pageQuotaPerAddress), new KeyLimits(new ManualClock(), undefined)];
  let [passed, admitted] = [0, 0];
  for (let sent = 0; sent < 10_000; sent += 1) {
    await one.count(key, '192.0.2.1', 500).then(
      () => (passed += 1),
      () => {},
    );
    try {
      all.begin(key);
      admitted += 1;
    } catch (error) {
      assert.match((error as Error).message, /pages may send 6000 a minute/);
    }
  }
  assert.equal([passed, admitted], [600, 6_000]);
});

test('the quota of a key is its own, else that of pages', async () => {
  const daemon = await run({ pageQuota: 2 });
  const init = upload([event('a')]);
  const statuses = async (count: number): Promise<number[]> => {
    const all = [];
    for (let sent = 0; sent < count; sent += 1) all.push((await send(daemon, '/2/httpapi', init)).status);
    return all;
  };
  daemon.limits.set(keys.collect, { origins: [portal], quota: 1 });
  assert.equal(await statuses(2), [200, 429]);
  daemon.limits.set(keys.collect, { origins: [portal] });
  assert.equal(await statuses(2), [200, 429]);
  await daemon.close();
});

test('503 keeps its form, and when to come again', async ({ daemon }) => {
  daemon.backend.fails = new TransientError('the broker is down', { retryAfterMs: 7000 });
  const { status, headers, body } = await send(daemon, '/2/httpapi', upload([event('a')]));
  assert.is(status, 503);
  assert.is(body.code, 503);
  assert.is(headers.get('retry-after'), '7');
});

test('too many events are 413, which an SDK answers with smaller requests', async ({ daemon }) => {
  const { status, body } = await send(
    daemon,
    '/2/httpapi',
    upload(Array.from({ length: 1001 }, (_, index) => event(String(index)))),
  );
  assert.is(status, 413);
  assert.is(body.code, 413);
});

test('a fault of the daemon is not shown as one of the page', async ({ daemon }) => {
  daemon.breakKeys();
  const response = await daemon.request('/2/httpapi', upload([event('a')]));
  assert.is(response.status, 500);
  await response.body?.cancel();
});

test.run();
