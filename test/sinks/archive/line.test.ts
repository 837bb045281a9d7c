import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../../src/events/decode.js';
import type { Message } from '../../../src/events/message.js';
import { personalFilter } from '../../../src/people/personal-data.js';
import { dayOfEvent, idOf, lineOf } from '../../../src/sinks/archive/line.js';
import { noon } from './archived.js';

function eventOf(body: string, changes: Partial<Message> = {}) {
  const decoded = decode({ id: 'one', body, source: 'http', received: noon + 5, ...changes }, noon);
  if (decoded.kind !== 'event') throw new Error(decoded.kind);
  return decoded.event;
}

test('the body is kept to the letter, behind the id', () => {
  const body = `{ "category":"download", "size":12345678901234567890, "created":"2026-03-15T12:00:00Z", "caf\\u00e9":[1.50,\n {"a":\r\n"b c"}] }`;
  assert.is(
    lineOf(eventOf(body)),
    `{"id":"one","category":"download","size":12345678901234567890,"created":"2026-03-15T12:00:00Z","café":[1.50,  {"a": "b c"}],"_source":"http","_received":${noon + 5}}`,
  );
});

test('what the body does not say is added, and what it says of an id and an origin does not pass for ours', () => {
  const body = `{"id":"other","_source":"nginx","category":"download","created":${noon}}`;
  const line = JSON.parse(lineOf(eventOf(body)));
  assert.is(line.id, 'one');
  assert.is(line.id_original, 'other');
  assert.is(line._source, 'http');
  assert.equal(
    [JSON.parse(lineOf(eventOf('{"size":1}', { timestamp: noon }))).category, dayOfEvent(eventOf('{"size":1}'))],
    ['unknown', '2026-03-15'],
  );
});

test('without personal data where the sink is to have none, and without what is only known beside it', () => {
  const event = eventOf(`{"category":"download","created":${noon},"user_name":"Ada Example","size":1}`);
  const known = { ...event, context: { dataset_id: 'd' }, fields: { ...event.fields, dataset_id: 'd' } };
  const line = lineOf(personalFilter('none', 'a secret for tests')!(known));
  assert.not.match(line, 'Ada');
  assert.not.match(line, 'dataset_id');
  assert.is(JSON.parse(line).size, 1);
});

test('an id is found without parsing the line, and in lines that others wrote', () => {
  const ids = ['one', 'with "quotes" and \\', ' ~'];
  for (const id of ids) assert.is(idOf(lineOf({ ...eventOf(`{"category":"x","created":${noon}}`), id })), id);
  assert.is(idOf('{"category":"x","id":"behind"}'), 'behind');
  for (const line of ['', 'x', '[]', '{"id":7}', 'null']) assert.is(idOf(line), undefined, line);
});

test.run();
