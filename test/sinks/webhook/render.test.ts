import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptCloudEvent } from '../../../src/events/cloud-event.js';
import { decode } from '../../../src/events/decode.js';
import { bodyOf, renderEvent } from '../../../src/sinks/webhook/render.js';

const received = 1_700_000_000_500;

function decoded(body: string, id = 'event-1') {
  const found = decode({ id, body, source: 'http', received }, received);
  if (found.kind !== 'event') throw new Error(`not an event: ${body}`);
  return found.event;
}

test('numbers keep their digits, in both forms', () => {
  const body =
    '{"category":"sensor","sensor":1524831183200260097,"deep":[0.12345678901234567890,1e400],"created":1709544703}';
  for (const format of ['json', 'cloudevents'] as const) {
    const text = renderEvent(decoded(body), format);
    for (const digits of [':1524831183200260097', '[0.12345678901234567890,1e400]']) assert.ok(text.includes(digits));
  }
});

test('what the daemon says of an event stands above its body, another id is kept, half a pair of surrogates is escaped', () => {
  const body = '{"id":"theirs","_source":"x","created":"2024-03-04T09:31:43Z","name":"\\ud800","__proto__":{"a":1}}';
  assert.is(
    renderEvent(decoded(body), 'json'),
    '{"id":"event-1","created":1709544703000,"category":"unknown","name":"\\ud800","__proto__":{"a":1},"id_original":"theirs","_source":"http","_received":1700000000500}',
  );
});

test('every recorded event comes back from its CloudEvent as it was', () => {
  const lines = ['clowder', 'made', 'requested'].flatMap(name =>
    readFileSync(`fixtures/events/${name}.ndjson`, 'utf8').trimEnd().split('\n'),
  );
  assert.ok(lines.length > 20);
  for (const line of lines) {
    const event = decoded(line);
    const text = renderEvent(event, 'cloudevents');
    const accepted = acceptCloudEvent(JSON.parse(text), { now: 1, source: 'http', text });
    if ('problems' in accepted) throw new Error(JSON.stringify(accepted.problems));
    const { ce_id, ce_source, created, ...rest } = JSON.parse(accepted.message.body);
    const { created: _created, id: _id, ...sent } = event.fields;
    assert.equal([ce_id, ce_source, Date.parse(created)], ['event-1', '/event-sink/http', event.created], line);
    assert.equal({ ...rest, id_original: undefined }, { ...sent, id_original: undefined }, line);
  }
});

test('lines end, lists have commas', () => {
  assert.is(bodyOf(['{"a":1}', '{}'], 'ndjson'), '{"a":1}\n{}\n');
  assert.is(bodyOf(['{"a":1}', '{}'], 'json'), '[{"a":1},{}]');
  assert.is(bodyOf(['{}'], 'cloudevents'), '[{}]');
});

test.run();
