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
  assert.equal(daemon.backend.sent, [{ address: { queue: 'q' }, body: message, messageId: 'm1' }]);
});

test('a report of a service becomes an event with its members to the letter', async () => {
  const response = await daemon.request('/v1/service-status', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"status":"down" , "service_name":"cl\\u00f6wder","until":1709544703.500}',
  });
  assert.is(response.status, 202);
  const [event] = daemon.backend.published;
  const text = '{"category":"service_status","type":"down","service_name":"cl\\u00f6wder","until":1709544703.500';
  assert.is(event?.body, `${text},"created":${event?.received}}`);
});

test.run();
