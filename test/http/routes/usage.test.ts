import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { usageConfig } from '../../usage/scene.js';
import { keys, type Running, run } from '../running.js';

const path = '/v1/usage/dataset-1';
const none = { 'x-api-key': '' };
let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

function open(): void {
  const { usage } = daemon.backend;
  Object.assign(daemon.backend, { usage: { ...usage, config: { ...usageConfig, isPublic: true } } });
}

async function ask(headers: Record<string, string>) {
  const response = await daemon.request(path, { headers });
  const body = (await response.json()) as { title?: string | null; regular?: { total_dataset_requests: number } };
  return { status: response.status, cache: response.headers.get('cache-control'), headers: response.headers, body };
}

test('USAGE_PUBLIC: everybody sees the figures of a dataset, and whoever has a key its names', async () => {
  open();
  const anybody = await ask(none);
  const reader = await ask({ 'x-api-key': keys.read });
  assert.equal([anybody.status, anybody.cache], [200, 'public, max-age=300']);
  assert.not.match(JSON.stringify(anybody.body), 'Corn');
  assert.is(anybody.body.title, null);
  assert.equal([reader.status, reader.cache], [200, 'private, max-age=300']);
  assert.is(reader.body.title, 'Corn');
  assert.equal(anybody.body.regular, reader.body.regular);
  assert.match(anybody.headers.get('vary') ?? '', 'X-API-Key', 'no cache gives one the answer of the other');
  assert.is(anybody.headers.get('access-control-allow-origin'), '*');
});

test('USAGE_PUBLIC: a key that is wrong or has no scope is refused', async () => {
  open();
  assert.is((await ask({ 'x-api-key': 'wrong' })).status, 401);
  assert.is((await ask({ 'x-api-key': keys.publish })).status, 403);
  const badge = await daemon.request(`${path}/badge.svg`, { headers: none });
  assert.is(badge.status, 200);
  assert.not.match(await badge.text(), 'Corn');
});

test('without USAGE_PUBLIC both need a key', async () => {
  assert.is((await ask(none)).status, 401);
  assert.is((await daemon.request(`${path}/badge.svg`, { headers: none })).status, 401);
  const reader = await ask({ 'x-api-key': keys.read });
  assert.equal([reader.body.title, reader.cache], ['Corn', 'private, max-age=300']);
});

test.run();
