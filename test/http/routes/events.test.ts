import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventPage, Receipt } from '../../../openapi/api-types.js';
import { TransientError } from '../../../src/errors.js';
import type { EventQuery } from '../../../src/storage/queries.js';
import { post, problemOf, type Running, run } from '../running.js';

const upload = { category: 'upload', resource_name: 'a.tif', size: 3, created: 1709544703342 };
let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

async function receipt(response: Response): Promise<Receipt> {
  assert.is(response.status, 202, await response.clone().text());
  return (await response.json()) as Receipt;
}

test('one event is published once, and its id comes back', async () => {
  const { accepted, duplicates, ids, durability } = await receipt(await daemon.request('/v1/events', post(upload)));
  assert.is(accepted, 1);
  assert.is(duplicates, 0);
  assert.is(durability, 'embedded');
  assert.equal(
    ids,
    daemon.backend.published.map(message => message.id),
  );
  assert.equal(JSON.parse(daemon.backend.published[0]!.body), upload);
  assert.is(daemon.backend.published[0]!.source, 'http');
});

test('a list is answered in its order, and a repeated id is published once', async () => {
  const list = [
    { ...upload, id: 'b' },
    { ...upload, id: 'a' },
    { ...upload, id: 'b' },
  ];
  const { accepted, duplicates, ids } = await receipt(await daemon.request('/v1/events', post(list)));
  assert.equal(ids, ['b', 'a', 'b']);
  assert.is(accepted, 2);
  assert.is(duplicates, 1);
  assert.is(daemon.backend.published.length, 2);
});

test('lines of JSON, with empty lines, a byte order mark and Windows line ends', async () => {
  const body = `\ufeff${JSON.stringify(upload)}\r\n\r\n${JSON.stringify({ ...upload, size: 4 })}`;
  const headers = { 'content-type': 'application/x-ndjson; charset=utf-8' };
  const { accepted } = await receipt(await daemon.request('/v1/events', { method: 'POST', headers, body }));
  assert.is(accepted, 2);
});

test('a packed body', async () => {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const body = gzipSync(JSON.stringify([upload]));
  const { accepted } = await receipt(await daemon.request('/v1/events', { method: 'POST', headers, body }));
  assert.is(accepted, 1);
});

test('Idempotency-Key is the id of a single event', async () => {
  const key = { 'idempotency-key': 'retry-7' };
  const { ids } = await receipt(await daemon.request('/v1/events', post(upload, key)));
  assert.equal(ids, ['retry-7']);
  const line = { 'content-type': 'application/x-ndjson', ...key };
  const body = `${JSON.stringify(upload)}\n`;
  assert.equal((await receipt(await daemon.request('/v1/events', { method: 'POST', headers: line, body }))).ids, [
    'retry-7',
  ]);
  const other = await problemOf(await daemon.request('/v1/events', post({ ...upload, id: 'other' }, key)));
  assert.is(other.status, 400);
  assert.match(other.detail, 'Idempotency-Key');
  const unprintable = await daemon.request('/v1/events', post(upload, { 'idempotency-key': 'x'.repeat(129) }));
  assert.is((await problemOf(unprintable)).status, 400);
  assert.is(daemon.backend.published.length, 2);
});

test('in a list, Idempotency-Key and the index make the ids of the items that have none', async () => {
  const key = { 'idempotency-key': 'retry-8' };
  const list = [upload, { ...upload, id: 'own' }, upload];
  const { ids, accepted } = await receipt(await daemon.request('/v1/events', post(list, key)));
  assert.is(accepted, 3);
  assert.is(ids[1], 'own');
  assert.match(ids[0]!, /^[0-9a-f]{32}$/);
  assert.is.not(ids[0], ids[2]);
  assert.equal((await receipt(await daemon.request('/v1/events', post(list, key)))).ids, ids);
  const headers = { 'content-type': 'application/x-ndjson', ...key };
  const body = list.map(item => JSON.stringify(item)).join('\n');
  assert.equal((await receipt(await daemon.request('/v1/events', { method: 'POST', headers, body }))).ids, ids);
  const alone = await receipt(await daemon.request('/v1/events', post([upload], key)));
  assert.equal(alone.ids, [ids[0]]);
});

test('equal events without ids are events of their own', async () => {
  const { accepted, duplicates, ids } = await receipt(
    await daemon.request('/v1/events', post([upload, upload, upload])),
  );
  assert.equal([accepted, duplicates], [3, 0]);
  assert.is(new Set(ids).size, 3);
});

test('one id on two texts is a conflict, named by its index', async () => {
  const list = [{ ...upload, id: 'a' }, upload, { ...upload, id: 'a', size: 4 }, { ...upload, id: 'a' }];
  const problem = await problemOf(await daemon.request('/v1/events', post(list)));
  assert.is(problem.status, 422);
  assert.is(problem.type, 'urn:event-sink:problem:id-conflict');
  assert.equal(
    problem.errors?.map(({ index, field }) => [index, field]),
    [[2, 'id']],
  );
  assert.is(daemon.backend.published.length, 0);
});

test('the text of an event is published to the letter, however it came', async () => {
  const texts = [
    '{"category":"x" , "sensor":1524831183200260097,"created":1}',
    '{"category":"x","sensor":1524831183200260100,"b":1.0,"b":"\\u00e9","created":1}',
  ];
  const json = { 'content-type': 'application/json' };
  const lines = { 'content-type': 'application/x-ndjson' };
  const send = (headers: Record<string, string>, body: string) =>
    daemon.request('/v1/events', { method: 'POST', headers, body }).then(receipt);
  await send(json, `\n ${texts[0]}\t`);
  await send(json, ` [ ${texts.join(' , ')} ] `);
  await send(lines, texts.join('\r\n'));
  assert.equal(
    daemon.backend.published.map(({ body }) => body),
    [texts[0], ...texts, ...texts],
  );
  assert.is(new Set(daemon.backend.published.map(({ id }) => id)).size, 5);
});

test('events that are replayed are marked', async () => {
  await receipt(await daemon.request('/v1/events', post(upload, { 'event-source': 'replay' })));
  assert.is(daemon.backend.published[0]!.source, 'replay');
  assert.is((await daemon.request('/v1/events', post(upload, { 'event-source': 'clowder' }))).status, 400);
});

test('one bad event refuses all, and the problem names its index and field', async () => {
  const list = [upload, { ...upload, size: 'big' }, { type: 'file' }, 7];
  const problem = await problemOf(await daemon.request('/v1/events', post(list)));
  assert.is(problem.status, 400);
  assert.equal(
    problem.errors?.map(({ index, field }) => [index, field]),
    [
      [1, 'size'],
      [2, 'category'],
      [3, ''],
    ],
  );
  assert.is(daemon.backend.published.length, 0);
});

test('a line that is not JSON is named', async () => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = `${JSON.stringify(upload)}\n\n{"category":`;
  const problem = await problemOf(await daemon.request('/v1/events', { method: 'POST', headers, body }));
  assert.is(problem.errors?.[0]?.index, 1);
  assert.match(problem.errors?.[0]?.message ?? '', 'line 3');
});

test('a hundred problems are listed, and all are counted', async () => {
  const problem = await problemOf(await daemon.request('/v1/events', post(Array(150).fill({}))));
  assert.is(problem.errors?.length, 100);
  assert.is(problem.errors_total, 150);
});

test('more events than allowed are too many, in either form', async () => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const list = Array(1001).fill({ category: 'x' });
  const lines = list.map(event => JSON.stringify(event)).join('\n');
  assert.is((await problemOf(await daemon.request('/v1/events', post(list)))).status, 413);
  assert.is(
    (await problemOf(await daemon.request('/v1/events', { method: 'POST', headers, body: lines }))).status,
    413,
  );
  await receipt(await daemon.request('/v1/events', post(list.slice(1))));
});

test('when the events cannot be kept, nothing is accepted and the client learns when to try again', async () => {
  daemon.backend.fails = new TransientError('broker down', { retryAfterMs: 2500 });
  const response = await daemon.request('/v1/events', post(upload));
  assert.is(response.headers.get('retry-after'), '3');
  assert.is((await problemOf(response)).status, 503);
});

test('a service status becomes an event whose type is the status, and says who reported it', async () => {
  const body = { service_name: 'clowder', status: 'down', message: 'disk', until: '2024-03-04T12:00:00Z' };
  await receipt(await daemon.request('/v1/service-status', post(body, { 'idempotency-key': 'outage-1' })));
  const { id, body: text } = daemon.backend.published[0]!;
  assert.is(id, 'outage-1');
  const { created, ...event } = JSON.parse(text) as Record<string, unknown>;
  assert.type(created, 'number');
  assert.equal(event, {
    category: 'service_status',
    type: 'down',
    service_name: 'clowder',
    message: 'disk',
    until: '2024-03-04T12:00:00Z',
    by: 'key-all',
  });
  const wrong = await problemOf(await daemon.request('/v1/service-status', post({ service_name: 'x', status: 'meh' })));
  assert.is(wrong.errors?.[0]?.field, 'status');
});

test('only maintenance is reported ahead of time', async () => {
  const report = (status: string, from: number) =>
    daemon.request('/v1/service-status', post({ service_name: 'clowder', status, from }));
  const ahead = Date.now() + 3_600_000;
  for (const status of ['up', 'degraded', 'down']) {
    const { status: code, errors } = await problemOf(await report(status, ahead));
    assert.equal([code, errors?.[0]?.field], [422, 'from'], status);
  }
  assert.is(daemon.backend.published.length, 0);
  await receipt(await report('maintenance', ahead));
  // Its clock may be a little ahead.
  await receipt(await report('down', Date.now() + 10_000));
});

test('maintenance is called off by the id of its event, and by nothing else', async () => {
  const withdrawal = {
    service_name: 'clowder',
    status: 'withdrawn',
    corrects: 'event-7',
    message: 'the disks are late',
  };
  const callOff = (more: object) => daemon.request('/v1/service-status', post({ ...withdrawal, ...more }));
  for (const more of [{ corrects: 'unknown' }, { service_name: 'another' }]) {
    const { status: code, errors } = await problemOf(await callOff(more));
    assert.equal([code, errors?.[0]?.field], [422, 'corrects']);
  }
  const { status: refused, errors: reasons } = await problemOf(await callOff({ corrects: 'replaced' }));
  assert.equal([refused, reasons?.[0]?.field], [422, 'corrects']);
  assert.match(reasons?.[0]?.message ?? '', /^was declared anew by event-8$/);
  for (const [field, more] of [
    ['corrects', { corrects: undefined }],
    ['from', { from: 5 }],
    ['corrects', { status: 'maintenance' }],
  ] as const) {
    const { status: code, errors } = await problemOf(await callOff(more));
    assert.is(code, 400, field);
    assert.ok(JSON.stringify(errors).includes(field), field);
  }
  assert.is(daemon.backend.published.length, 0);
  await receipt(await callOff({}));
  const { created: _created, ...event } = JSON.parse(daemon.backend.published[0]!.body) as Record<string, unknown>;
  const { status: type, ...fields } = withdrawal;
  assert.equal(event, { category: 'service_status', type, ...fields, by: 'key-all' });
});

test('stored events are asked for by category, type, time and cursor', async () => {
  const query = 'category=download&type=file&from=2024-03-04T00:00:00Z&to=1709600000000&limit=7&cursor=abc';
  const response = await daemon.request(`/v1/events?${query}`);
  assert.is(response.status, 200);
  const page = (await response.json()) as EventPage;
  assert.is(page.events[0]?.id, 'event-1');
  assert.is(page.next_cursor, 'next');
  assert.equal(daemon.backend.queries[0], {
    category: 'download',
    type: 'file',
    from: Date.UTC(2024, 2, 4),
    to: 1709600000000,
    limit: 7,
    order: 'created',
    cursor: 'abc',
    maxBytes: 128 * 1024,
  });
  for (const wrong of ['limit=0', 'limit=1001', 'limit=1e2', 'limit=5&limit=6', 'from=yesterday', 'catgory=x']) {
    const problem = await problemOf(await daemon.request(`/v1/events?${wrong}`));
    assert.is(problem.status, 400, wrong);
    assert.ok((problem.errors?.length ?? 0) > 0, wrong);
  }
});

test('the list is by arrival, unless a time is asked for, or the order', async () => {
  const orderOf = async (query: string): Promise<unknown> => {
    const response = await daemon.request(`/v1/events?${query}`);
    assert.is(response.status, 200, query);
    await response.text();
    return (daemon.backend.queries.at(-1) as EventQuery).order;
  };
  assert.is(await orderOf('category=upload'), 'received');
  assert.is(await orderOf('from=2024-03-04'), 'created');
  assert.is(await orderOf('to=2024-03-04&order=received'), 'received');
  assert.is(await orderOf('order=created'), 'created');
  const problem = await problemOf(await daemon.request('/v1/events?order=size'));
  assert.is(problem.errors?.[0]?.field, 'order');
});

test.run();
