import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KeyList, NewKey } from '../../openapi/api-types.js';
import { TestDaemon } from '../helpers/daemon.js';
import { until } from '../helpers/wait.js';
import { invoke } from './invoke.js';

const test = suite<{ daemon: TestDaemon }>('keys of a running daemon');
test.before.each(context => {
  context.daemon = new TestDaemon();
});
test.after.each(({ daemon }) => daemon.remove());

const json = { 'content-type': 'application/json' };

function make(daemon: TestDaemon, request: object): Promise<Response> {
  return daemon.request('/v1/keys', { method: 'POST', headers: json, body: JSON.stringify(request) });
}

async function list(daemon: TestDaemon): Promise<KeyList['keys']> {
  return ((await (await daemon.request('/v1/keys')).json()) as KeyList).keys;
}

test('a key is made, used across a restart, listed without its hash, and revoked with its session', async ({
  daemon,
}) => {
  await daemon.start();
  const made = await make(daemon, { name: 'ann', scopes: ['read'], quota: 1000 });
  assert.is(made.status, 201);
  const { key } = (await made.json()) as NewKey;
  const ask = (headers: Record<string, string>): Promise<Response> => fetch(`${daemon.url}/v1/status`, { headers });
  assert.is((await ask({ 'x-api-key': key })).status, 200);
  assert.is((await make(daemon, { name: 'ann', scopes: ['read'] })).status, 409);

  await daemon.kill('SIGTERM');
  await daemon.start();
  assert.is((await ask({ 'x-api-key': key })).status, 200);
  const signedIn = await fetch(`${daemon.url}/v1/session`, { method: 'POST', headers: { 'x-api-key': key } });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  assert.is((await ask({ cookie })).status, 200);

  const answer = await (await daemon.request('/v1/keys')).text();
  assert.not.match(answer, key);
  assert.not.match(answer, createHash('sha256').update(key).digest('hex'));
  const ann = (await list(daemon)).find(({ name }) => name === 'ann');
  assert.is(ann?.requests, 4);
  assert.ok(Math.abs((ann?.last_used ?? 0) - Date.now()) < 60_000);
  assert.is(ann?.source, 'made');

  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: daemon.key };
  assert.match((await invoke(['keys', 'list'], { env })).out, '"name":"ann"');
  const revoked = await invoke(['keys', 'revoke', 'ann'], { env });
  assert.is(revoked.code, 0, revoked.err);
  assert.is((await ask({ 'x-api-key': key })).status, 401);
  assert.is((await ask({ cookie })).status, 401);
  assert.equal(
    (await list(daemon)).map(({ name }) => name),
    ['test'],
  );
  assert.is((await daemon.request('/v1/keys/ann', { method: 'DELETE' })).status, 404);
  assert.is((await daemon.request('/v1/keys/test', { method: 'DELETE' })).status, 409);
  for (const line of ['audit.key-made', 'audit.key-revoked', 'key.refused']) await daemon.logged(line);
  assert.not.match(daemon.output, key);
});

test('a key that ends is answered 401 that says so, and a line names the address and the reason', async ({
  daemon,
}) => {
  await daemon.start();
  const expires = new Date(Date.now() + 1500).toISOString();
  const { key } = (await (await make(daemon, { name: 'brief', scopes: ['read'], expires })).json()) as NewKey;
  const ask = (): Promise<Response> => fetch(`${daemon.url}/v1/status`, { headers: { 'x-api-key': key } });
  const refused = await until(
    async () => {
      const response = await ask();
      return response.status === 401 ? response : undefined;
    },
    'the end of the key',
    60_000,
    100,
  );
  assert.match(((await refused.json()) as { detail: string }).detail, /The API key brief has expired, at /);
  const line = /"address":"127\.0\.0\.1","reason":"expired key","key":"brief",.*"msg":"key\.refused"/;
  await until(() => line.test(daemon.output), 'the line');
});

test('wrong requests for a key are refused in words', async ({ daemon }) => {
  await daemon.start();
  const wrong: readonly [object, RegExp][] = [
    [{ name: 'a b', scopes: ['read'] }, /letters, digits/],
    [{ name: 'a', scopes: [] }, /scopes/],
    [{ name: 'a', scopes: ['read'], expires: 'tomorrow' }, /2026-12-31/],
    [{ name: 'a', scopes: ['collect'] }, /no origin/],
    [{ name: 'a', scopes: ['collect', 'read'], origins: ['https://a'] }, /collect alone/],
    [{ name: 'a', scopes: ['read'], origins: ['a/b'] }, /must be like https:/],
  ];
  for (const [request, words] of wrong) {
    const response = await make(daemon, request);
    assert.is(response.status, 400, JSON.stringify(request));
    assert.match(await response.text(), words);
  }
});

test('a broken file of made keys is a problem, and is not written over', async ({ daemon }) => {
  writeFileSync(join(daemon.dir, 'made-keys'), 'nonsense\n', { mode: 0o600 });
  await daemon.start();
  const { problems } = await daemon.json('/v1/status');
  assert.match(JSON.stringify(problems), /not all known: .*line 1/);
  assert.is((await make(daemon, { name: 'ann', scopes: ['read'] })).status, 409);
});

test.run();
