import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Explanation, Explanations } from '../../../openapi/api-types.js';
import { ExactNumber } from '../../../src/events/digits.js';
import { InputError } from '../../../src/explain/input.js';
import { keys, problemOf, type Running, run } from '../running.js';

let daemon: Running;
test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

const send = (body: string, query = '', headers: Record<string, string> = {}): Promise<Response> =>
  daemon.request(`/v1/explain${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
const nothing = { event: null, refused: [], sinks: {} };

test('one event is an explanation, several are a list, and nothing is published', async () => {
  const one = (await (await send('{"category":"upload"}')).json()) as Explanation;
  assert.is(one.event?.id, 'event-1');
  daemon.backend.explain = async () => [nothing, nothing];
  const several = (await (await send('[{},{}]')).json()) as Explanations;
  assert.is(several.explanations.length, 2);
  assert.equal(daemon.backend.published, []);
});

test('the text comes as it was sent; a line or a message may be a JSON string', async () => {
  await send('{"category":"upload","n":12345678901234567890}');
  await send('"a line\\n"', '?as=nginx');
  await send('"Hello"', '?as=clowder');
  await send('{"category":"upload"}', '?as=clowder');
  await send('{}\n{}', '', { 'content-type': 'application/x-ndjson' });
  assert.equal(daemon.backend.explained, [
    ['{"category":"upload","n":12345678901234567890}', 'event'],
    ['a line\n', 'nginx'],
    ['Hello', 'clowder'],
    ['{"category":"upload"}', 'clowder'],
    ['{}\n{}', 'event'],
  ]);
});

test('numbers keep their digits', async () => {
  const document = { n: new ExactNumber('12345678901234567890') };
  daemon.backend.explain = async () => [
    { ...nothing, sinks: { mongodb: { outcome: 'delivered', output: { document }, notes: [] } } },
  ];
  assert.match(await (await send('{}')).text(), '"document":{"n":12345678901234567890}');
});

test('a body that is not of its kind is 400 with the reason, other types are 415, and only admins may ask', async () => {
  daemon.backend.explain = async () => Promise.reject(new InputError('line 2 is not JSON'));
  const refused = await send('{}\n{');
  assert.is(refused.status, 400);
  assert.match((await problemOf(refused)).detail ?? '', 'line 2 is not JSON');
  assert.is((await send('x', '', { 'content-type': 'text/plain' })).status, 415);
  assert.is((await send('{}', '', { 'x-api-key': keys.publish })).status, 403);
  assert.is((await send('{}', '', { 'x-api-key': keys.read })).status, 403);
});

test.run();
