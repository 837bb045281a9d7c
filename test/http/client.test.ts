import { readFileSync } from 'node:fs';
import createClient from 'openapi-fetch';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { paths } from '../../openapi/api-types.js';
import { keys, type Running, run } from './running.js';

/** A client whose types were generated from the OpenAPI document: what compiles here is what the document promises. */
let daemon: Running;

test.before(async () => {
  daemon = await run();
});
test.after(() => daemon.close());

function client(key: string) {
  return createClient<paths>({ baseUrl: daemon.url, headers: { 'X-API-Key': key } });
}

test('a generated client sends events and reads them', async () => {
  const api = client(keys.all);
  const recorded = readFileSync(new URL('../../../fixtures/events/clowder.ndjson', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { category: string });
  const sent = await api.POST('/v1/events', { body: recorded, params: { header: { 'Event-Source': 'replay' } } });
  assert.is(sent.data?.accepted, recorded.length);
  assert.is(sent.data?.durability, 'embedded');

  const { data } = await api.GET('/v1/events', { params: { query: { category: 'download', limit: 5 } } });
  assert.is(data?.events[0]?.category, 'download');
  assert.is(data?.next_cursor, 'next');

  const status = await api.GET('/v1/status');
  assert.is(status.data?.sinks[0]?.sink, 'mongodb');
  const removed = await api.DELETE('/v1/dead-letters', { params: { query: { sink: 'mongodb', key: ['a', 'b'] } } });
  assert.is(removed.data?.removed, 1);
  assert.equal(daemon.backend.selections[0], { sink: 'mongodb', keys: ['a', 'b'] });
});

test('it gets problems as they are documented', async () => {
  const { error, response } = await client(keys.read).POST('/v1/service-status', {
    body: { service_name: 'clowder', status: 'degraded' },
  });
  assert.is(response.status, 403);
  assert.is(error?.title, 'This key may not do that');
});

test.run();
