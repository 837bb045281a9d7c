import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Running, run } from '../running.js';

let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

test('the message goes on to the letter', async () => {
  const message = '{ "a":9007199254740993,"b":1.0, "s":"\\u00e9","a":2, "message":{"queue":"x"} }';
  const response = await daemon.request('/v1/publish', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"queue":"q","message": ${message} ,"message_id":"m1"}`,
  });
  assert.is(response.status, 202);
  assert.equal(daemon.backend.sent, [{ address: { queue: 'q' }, body: message, properties: { messageId: 'm1' } }]);
});

const post = (body: object): Promise<Response> =>
  daemon.request('/v1/publish', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('properties go with it, each under its name', async () => {
  const response = await post({
    exchange: 'some.topic',
    routing_key: 'a.b',
    message: { n: 1 },
    properties: {
      reply_to: 'clowder.example',
      correlation_id: 'c-1',
      headers: { text: 'x', number: 1.5, truth: false },
      content_type: 'text/plain',
      expiration: 60_000,
      priority: 255,
      persistent: false,
    },
  });
  assert.is(response.status, 202);
  assert.equal(daemon.backend.sent, [
    {
      address: { exchange: 'some.topic', routingKey: 'a.b' },
      body: '{"n":1}',
      properties: {
        replyTo: 'clowder.example',
        correlationId: 'c-1',
        headers: { text: 'x', number: 1.5, truth: false },
        contentType: 'text/plain',
        expirationMs: 60_000,
        priority: 255,
        persistent: false,
      },
    },
  ]);
});

for (const [what, properties, field] of [
  ['a name that AMQP cannot carry', { reply_to: 'ü'.repeat(128) }, 'properties.reply_to'],
  ['an empty correlation id', { correlation_id: '' }, 'properties.correlation_id'],
  ['a list in the headers', { headers: { list: ['somebody.else'] } }, 'properties.headers.list'],
  ['a header that names further queues', { headers: { CC: 'somebody.else' } }, 'properties.headers.CC'],
  ['a header that names them in secret', { headers: { BCC: 'somebody.else' } }, 'properties.headers.BCC'],
  ['a number that would change', { headers: { n: 2 ** 53 } }, 'properties.headers.n'],
  [
    'too many headers',
    { headers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [n, n])) },
    'properties.headers',
  ],
  ['a time that has passed', { expiration: -1 }, 'properties.expiration'],
  ['a priority beyond a byte', { priority: 256 }, 'properties.priority'],
  ['a word for a truth value', { persistent: 'yes' }, 'properties.persistent'],
  ['a property that is not there', { delivery_mode: 2 }, 'properties'],
] as const) {
  test(`${what}: 400, with the field`, async () => {
    const response = await post({ queue: 'q', message: {}, properties });
    assert.is(response.status, 400);
    const { errors } = (await response.json()) as { errors: { field: string }[] };
    assert.equal(
      errors.map(error => error.field),
      [field],
    );
    assert.equal(daemon.backend.sent, []);
  });
}

test('a report of a service becomes an event with its members to the letter', async () => {
  const response = await daemon.request('/v1/service-status', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"status":"down" , "service_name":"cl\\u00f6wder","until":1709544703.500}',
  });
  assert.is(response.status, 202);
  const [event] = daemon.backend.published;
  const text = '{"category":"service_status","type":"down","service_name":"cl\\u00f6wder","until":1709544703.500';
  assert.is(event?.body, `${text},"by":"key-all","created":${event?.received}}`);
});

test.run();
