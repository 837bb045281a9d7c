import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt } from '../../openapi/api-types.js';
import type { Message } from '../../src/events/message.js';
import { problemOf, type Running, run } from './running.js';

let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

const structured = { 'content-type': 'application/cloudevents+json' };
const batch = { 'content-type': 'application/cloudevents-batch+json; charset=UTF-8' };
const cloudEvent = { specversion: '1.0', id: '7', source: '/portal', type: 'download.file' };
const attributes = { 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/portal', 'ce-type': 'download.file' };
const time = '2024-03-04T09:02:04.131Z';

function send(headers: Record<string, string>, body?: string): Promise<Response> {
  return daemon.request('/v1/events', { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
}

async function taken(headers: Record<string, string>, body?: string): Promise<readonly Message[]> {
  const before = daemon.backend.published.length;
  const response = await send(headers, body);
  assert.is(response.status, 202, await response.clone().text());
  const { ids } = (await response.json()) as Receipt;
  const messages = daemon.backend.published.slice(before);
  assert.equal(
    ids,
    messages.map(({ id }) => id),
  );
  return messages;
}

async function errorsOf(headers: Record<string, string>, body?: string) {
  const problem = await problemOf(await send(headers, body));
  assert.is(problem.status, 400);
  assert.is(daemon.backend.published.length, 0);
  return (problem.errors ?? []).map(({ field, message }) => [field, message]);
}

test('structured: the data to the letter, then what the attributes say', async () => {
  const data = '{"size" : 1.0, "n":1524831183200260097}';
  const text = `{"data":${data},"time":"${time}","subject":"x","type":"download.file","specversion":"1.0","id":"7","source":"/portal","traceparent":"00-1"}`;
  const [message] = await taken(structured, text);
  assert.is(
    message!.body,
    `{"size" : 1.0, "n":1524831183200260097,"category":"download","type":"file","created":"${time}","ce_id":"7","ce_source":"/portal","ce_subject":"x","ce_traceparent":"00-1"}`,
  );
  assert.equal(message!.fields, JSON.parse(message!.body));
  assert.match(message!.id, /^[0-9a-f]{32}$/);
});

test('one event has one id and one content in all three forms, whatever its extensions', async () => {
  const data = '{"size":3}';
  const [first] = await taken(structured, JSON.stringify({ ...cloudEvent, time, data: { size: 3 }, trace: 'a' }));
  const [second] = await taken(batch, JSON.stringify([{ data: { size: 3 }, ...cloudEvent, time, trace: 'b' }]));
  const [third] = await taken({ ...attributes, 'ce-time': time, 'content-type': 'application/json' }, data);
  assert.equal([second!.id, third!.id], [first!.id, first!.id]);
  assert.equal([second!.given, third!.given], [first!.given, first!.given]);
  const [other] = await taken(structured, JSON.stringify({ ...cloudEvent, time, data: { size: 4 } }));
  assert.is(other!.id, first!.id);
  assert.is.not(other!.given?.hash, first!.given?.hash);
  const [elsewhere] = await taken(structured, JSON.stringify({ ...cloudEvent, source: '/other', time }));
  assert.is.not(elsewhere!.id, first!.id);
});

test('without a time it is stamped, and without data it has what the attributes say', async () => {
  const [bare] = await taken(structured, JSON.stringify({ ...cloudEvent, type: 'upload' }));
  assert.match(bare!.body, /^\{"category":"upload","ce_id":"7","ce_source":"\/portal","created":\d+\}$/);
  assert.is(bare!.given?.stamped, bare!.received);
  const [binary] = await taken(attributes);
  assert.match(
    binary!.body,
    /^\{"category":"download","type":"file","ce_id":"7","ce_source":"\/portal","created":\d+\}$/,
  );
  const [dated] = await taken(structured, JSON.stringify({ ...cloudEvent, data: { created: 1709542924131 } }));
  assert.equal([dated!.fields?.created, dated!.given?.stamped], [1709542924131, undefined]);
});

test('a field of the data that has a name of an attribute is kept under another', async () => {
  const data = { category: 'mine', id: 'own', created: 'yesterday', created_original: 1, ce_id: 'x' };
  const [message] = await taken(structured, JSON.stringify({ ...cloudEvent, type: 'upload', data }));
  const { created, ...fields } = message!.fields!;
  assert.is(created, message!.received);
  assert.equal(fields, {
    category_original: 'mine',
    id: 'own',
    created_original_original: 'yesterday',
    created_original: 1,
    ce_id_original: 'x',
    category: 'upload',
    ce_id: '7',
    ce_source: '/portal',
  });
});

test('the type is split at its first dot, and fields are not checked against the catalogue', async () => {
  const [message] = await taken(
    structured,
    JSON.stringify({ ...cloudEvent, type: 'upload.a.b', data: { size: 'big' } }),
  );
  assert.equal([message!.fields?.category, message!.fields?.type, message!.fields?.size], ['upload', 'a.b', 'big']);
});

test('an extension of any name is kept, in each form', async () => {
  const [binary] = await taken({ ...attributes, 'ce-__proto__': 'a', 'ce-tostring': 'b' });
  assert.match(binary!.body, '"ce___proto__":"a"');
  assert.match(binary!.body, '"ce_tostring":"b"');
  const text = JSON.stringify(cloudEvent).replace('}', ',"__proto__":"a"}');
  assert.match((await taken(structured, text))[0]!.body, '"ce___proto__":"a"');
});

test('headers are decoded once, old quoted strings too', async () => {
  const headers = {
    ...attributes,
    'ce-id': 'a%20%C3%A9%2541%zz',
    'ce-source': '"/a \\"b\\""',
    'ce-subject': Buffer.from('é', 'utf8').toString('latin1'),
    'content-type': 'application/vnd.portal+json; charset=utf-8',
  };
  const [message] = await taken(headers, '{}');
  assert.equal(
    [message!.fields?.ce_id, message!.fields?.ce_source, message!.fields?.ce_subject],
    ['a é%41%zz', '/a "b"', 'é'],
  );
  assert.equal(await errorsWithout(headers), [['ce-subject', 'ce-subject is not percent-encoded UTF-8']]);
});

async function errorsWithout(headers: Record<string, string>) {
  const problem = await problemOf(await send({ ...headers, 'ce-subject': '%ff' }, '{}'));
  return problem.errors?.map(({ field, message }) => [field, message]);
}

test('what is missing or wrong is said of each attribute', async () => {
  assert.equal(await errorsOf(structured, '{"id":"","source":7}'), [
    ['specversion', 'specversion is missing'],
    ['id', 'id must be a string that is not empty'],
    ['source', 'source must be a string that is not empty'],
    ['type', 'type is missing'],
  ]);
  assert.equal(await errorsOf({ 'content-type': 'application/json', 'ce-type': 'upload' }, '{}'), [
    ['specversion', 'specversion is missing'],
    ['id', 'id is missing'],
    ['source', 'source is missing'],
  ]);
  const wrong = { ...cloudEvent, specversion: '0.3', type: '.file', time: 'yesterday', data: [1], data_base64: 'AA==' };
  assert.equal(
    (await errorsOf(structured, JSON.stringify(wrong))).map(([field]) => field),
    ['specversion', 'type', 'time', 'data_base64', 'data'],
  );
  for (const type of ['upload.', `${'x'.repeat(129)}.file`]) {
    assert.equal((await errorsOf(structured, JSON.stringify({ ...cloudEvent, type })))[0]?.[0], 'type', type);
  }
  for (const data of [null, 'text', 7, [{}]]) {
    const [error] = await errorsOf(structured, JSON.stringify({ ...cloudEvent, data }));
    assert.equal(error, ['data', 'data must be a JSON object: the fields of the event']);
    const [same] = await errorsOf({ ...attributes, 'content-type': 'application/json' }, JSON.stringify(data));
    assert.equal(same, error);
  }
});

test('one bad event of a batch refuses all, by its index', async () => {
  const problem = await problemOf(await send(batch, JSON.stringify([cloudEvent, { ...cloudEvent, id: 8 }, 7])));
  assert.equal(
    problem.errors?.map(({ index, field }) => [index, field]),
    [
      [1, 'id'],
      [2, ''],
    ],
  );
  assert.match((await problemOf(await send(batch, JSON.stringify(cloudEvent)))).detail, 'array');
  assert.match((await problemOf(await send(batch, '[]'))).detail, 'empty');
  assert.equal(daemon.backend.published, []);
});

test('the same event twice in a batch is one, and another content is a conflict', async () => {
  const list = [
    { ...cloudEvent, time },
    { ...cloudEvent, time },
  ];
  assert.is(((await (await send(batch, JSON.stringify(list))).json()) as Receipt).duplicates, 1);
  const other = [
    { ...cloudEvent, time },
    { ...cloudEvent, time, data: { size: 1 } },
  ];
  assert.is((await send(batch, JSON.stringify(other))).status, 422);
});

test('an Idempotency-Key names the request; the event keeps the id that source and id give it', async () => {
  const [plain] = await taken(structured, JSON.stringify({ ...cloudEvent, time }));
  const [keyed] = await taken({ ...structured, 'idempotency-key': 'k' }, JSON.stringify({ ...cloudEvent, time }));
  assert.is(keyed!.id, plain!.id);
  assert.is(keyed!.request?.key, 'k');
});

test('other forms are refused in words', async () => {
  for (const type of ['application/cloudevents+avro', 'application/cloudevents', 'application/cloudevents-batch+xml']) {
    assert.is((await problemOf(await send({ 'content-type': type }, '{}'))).status, 415, type);
  }
  const text = await problemOf(await send({ ...attributes, 'content-type': 'text/plain' }, 'hello'));
  assert.is(text.status, 415);
  assert.match(text.detail, 'application/json');
  assert.match(
    (await problemOf(await send({ ...attributes, 'content-type': 'application/json' }, '{'))).detail,
    'JSON',
  );
});

test('data that is nested too deep, or has too many fields, is refused', async () => {
  const deep = `${'{"a":'.repeat(41)}1${'}'.repeat(41)}`;
  const [error] = await errorsOf(structured, JSON.stringify(cloudEvent).replace(/\}$/, `,"data":${deep}}`));
  assert.match(error![1]!, 'nested');
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`f${index}`, 1]));
  assert.match((await errorsOf(structured, JSON.stringify({ ...cloudEvent, data: wide })))[0]![1]!, '10000 fields');
  // Attributes count as fields, in a time that grows with their number and no faster.
  assert.match((await errorsOf(structured, JSON.stringify({ ...cloudEvent, ...wide })))[0]![1]!, '10000 fields');
});

test.run();
