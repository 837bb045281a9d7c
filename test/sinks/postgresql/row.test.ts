import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../../src/events/decode.js';
import { type Row, rowOf } from '../../../src/sinks/postgresql/row.js';

function decoded(body: string) {
  const found = decode({ id: 'event-1', body, source: 'http', received: 1_700_000_000_500 }, 1_700_000_000_500);
  if (found.kind !== 'event') throw new Error(`not an event: ${body}`);
  return found.event;
}

function row(body: string): Row {
  const made = rowOf(decoded(body));
  if ('flaw' in made) throw new Error(made.flaw);
  return made;
}

test('columns are texts of what was received; what is no text or number is in the body alone', () => {
  const body =
    '{"category":"view","type":"dataset","created":1709544703342,"user_id":7,"dataset_id":null,"space_id":[1]}';
  assert.equal(row(body), {
    ...{ id: 'event-1', created: '2024-03-04T09:31:43.342Z', category: 'view', type: 'dataset', user_id: '7' },
    ...{ resource_id: null, resource_name: null, dataset_id: null, space_id: null, source: 'http' },
    ...{ received: '2023-11-14T22:13:20.500Z', body },
  });
});

test('numbers keep their digits, NUL and half pairs in texts become U+FFFD, and whole pairs stay', () => {
  const made = row('{"n":12345678901234567890,"a":"x\\u0000\\ud800","b":["\\ud83d\\ude00\\u0000"],"c":"\\\\u0000"}');
  assert.is(made.body, '{"n":12345678901234567890,"a":"x��","b":["😀�"],"c":"\\\\u0000"}');
});

test('in names both are refused, wherever', () => {
  for (const body of ['{"a\\u0000":1}', '{"deep":[{"\\udc00":1}]}'])
    assert.match((rowOf(decoded(body)) as { flaw: string }).flaw, /field name/);
  assert.not.ok('flaw' in rowOf(decoded('{"a\\\\u0000":1}')));
});

test.run();
