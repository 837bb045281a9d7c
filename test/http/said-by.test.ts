import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../src/events/accept.js';
import type { Message, Source } from '../../src/events/message.js';
import { saidBy } from '../../src/http/said-by.js';

const now = 1_772_690_400_000;

function messageOf(text: string, source: Source = 'http'): Message {
  const accepted = acceptEvent(JSON.parse(text), { now, source, text });
  assert.ok('message' in accepted);
  return accepted.message;
}

test('a name that is claimed gives way to that of the key, and the rest stays to the letter', () => {
  const claimed = messageOf(
    '{"category":"service_status", "by":"boss","type":"up","service_name":"cl\\u00f6wder","n":1.0}',
  );
  const said = saidBy(claimed, 'ops');
  const rest = `"category":"service_status","type":"up","service_name":"cl\\u00f6wder","n":1.0,"created":${now}}`;
  assert.is(said.body, `{"by":"ops",${rest}`);
  assert.equal(said.fields, JSON.parse(said.body));
  assert.equal([said.id, said.given], [claimed.id, claimed.given]);
  const unknown = saidBy(claimed, undefined);
  assert.is(unknown.body, `{${rest}`);
  assert.equal(unknown.fields, JSON.parse(unknown.body));
});

test('every other event stays as it is', () => {
  for (const message of [
    messageOf('{"category":"service_status","type":"up","service_name":"clowder"}'),
    messageOf('{"category":"service_status","type":"up","service_name":"clowder","by":"ops"}'),
    messageOf('{"category":"upload","by":"boss"}'),
    messageOf('{"category":"service_status","type":"up","by":"boss"}', 'replay'),
  ])
    assert.is(saidBy(message, 'ops'), message);
});

test.run();
