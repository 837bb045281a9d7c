import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt } from '../../../openapi/api-types.js';
import { hashOf } from '../../../src/events/identity.js';
import { post, problemOf, type Running, run } from '../running.js';

let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

const json = { 'content-type': 'application/json' };

function send(path: string, body: string | Buffer, headers: Record<string, string> = json): Promise<Response> {
  return daemon.request(path, { method: 'POST', headers, body });
}

async function receipt(response: Response): Promise<Receipt> {
  assert.is(response.status, 202, await response.clone().text());
  return (await response.json()) as Receipt;
}

const bodies = (): string[] => daemon.backend.published.map(({ body }) => body);

test('category and type come from the path, behind the text as it came', async () => {
  await receipt(await send('/v1/events/upload', ' {"size" : 1.0,"n":1524831183200260097, "created":1} '));
  await receipt(await send('/v1/events/view_resource/dataset', '{"created":1}'));
  await receipt(await send('/v1/events/a%20b/%C3%A9%2Fc', '{"created":1}'));
  assert.equal(bodies(), [
    '{"size" : 1.0,"n":1524831183200260097, "created":1,"category":"upload"}',
    '{"created":1,"category":"view_resource","type":"dataset"}',
    '{"created":1,"category":"a b","type":"é/c"}',
  ]);
  assert.equal(daemon.backend.published[0]!.fields, JSON.parse(bodies()[0]!));
});

test('an item may say the same, and then stays as it is', async () => {
  const text = '{"type":"dataset", "category":"view_resource","created":1}';
  await receipt(await send('/v1/events/view_resource/dataset', text));
  assert.equal(bodies(), [text]);
});

test('an item that says otherwise is refused, by its index, field and what the field must be', async () => {
  const list = [{}, { category: 'download' }, { category: null, type: 7 }, 7, { size: 'big' }];
  const problem = await problemOf(await daemon.request('/v1/events/upload/file', post(list)));
  assert.is(problem.status, 400);
  assert.equal(
    problem.errors?.map(({ index, field, message }) => [index, field, message]),
    [
      [1, 'category', 'category must be "upload", as in the path, or left out'],
      [2, 'category', 'category must be "upload", as in the path, or left out'],
      [2, 'type', 'type must be "file", as in the path, or left out'],
      [3, '', 'an event must be a JSON object'],
      [4, 'size', 'size must be a whole number, 0 or more'],
    ],
  );
  assert.is(daemon.backend.published.length, 0);
});

test('the type of an item is its own where the path names none', async () => {
  await receipt(await send('/v1/events/page_view', '{"type":"file","created":1}'));
  assert.equal(bodies(), ['{"type":"file","created":1,"category":"page_view"}']);
});

test('lists, lines, packed bodies and keys work as at /v1/events', async () => {
  const key = { 'idempotency-key': 'again' };
  await receipt(await send('/v1/events/upload', '[{"created":1},{"created":2}]'));
  await receipt(
    await send('/v1/events/upload', '{"created":3}\n{"created":4}', { 'content-type': 'application/x-ndjson' }),
  );
  await receipt(await send('/v1/events/upload', gzipSync('{"created":5}'), { ...json, 'content-encoding': 'gzip' }));
  const { ids } = await receipt(await send('/v1/events/upload', '{"created":6}', { ...json, ...key }));
  assert.equal(ids, ['again']);
  assert.equal(
    bodies(),
    [1, 2, 3, 4, 5, 6].map(created => `{"created":${created},"category":"upload"}`),
  );
  // With the same key, another path is another request.
  await receipt(await send('/v1/events/download', '{"created":6}', { ...json, ...key }));
  const [first, other] = daemon.backend.published.slice(-2).map(({ given }) => given?.hash);
  assert.is(first, hashOf('{"created":6,"category":"upload"}'));
  assert.is.not(first, other);
});

test('a path that is not a kind is refused in words', async () => {
  const unreadable = await problemOf(await send('/v1/events/%ff', '{}'));
  assert.equal([unreadable.status, unreadable.detail], [400, 'The path is not percent-encoded UTF-8.']);
  const long = await problemOf(await send(`/v1/events/${'x'.repeat(129)}`, '{}'));
  assert.equal([long.status, long.errors?.[0]?.field], [400, 'category']);
  assert.is((await send('/v1/events/a/b/c', '{}')).status, 404);
  assert.is((await send('/v1/events/', '{}')).status, 404);
  const method = await daemon.request('/v1/events/upload');
  assert.equal([method.status, method.headers.get('allow')], [405, 'POST, OPTIONS']);
});

test('a CloudEvent says itself what it is, so it goes to /v1/events', async () => {
  const binary = { ...json, 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': 'upload' };
  const problem = await problemOf(await send('/v1/events/upload', '{}', binary));
  assert.match(problem.detail, '/v1/events');
  assert.is((await send('/v1/events/upload', '{}', { 'content-type': 'application/cloudevents+json' })).status, 415);
});

test.run();
