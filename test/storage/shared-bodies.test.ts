import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withBodies, withoutBodies } from '../../src/storage/shared-bodies.js';

const row = (id: string, body: string) => [id, 1, 'upload', null, 'http', 2, 400, body];

test('the body of a message crosses once, and another text of its event as it is', () => {
  const bodies = ['{"a":1}', '{"b":2}'];
  const rows = [...row('a', '{"a":1}'), ...row('b', '{"b":"changed"}')];
  const shared = withoutBodies(rows, bodies);
  assert.is(shared[7], null);
  assert.is(shared[15], '{"b":"changed"}');
  assert.equal(withBodies(shared, bodies), rows);
});

test('rows that are not those of the messages one by one stay as they are', () => {
  const rows = row('b', '{"b":2}');
  assert.is(withoutBodies(rows, ['{"a":1}', '{"b":2}']), rows);
  assert.is(withBodies(rows, ['{"a":1}', '{"b":2}']), rows);
});

test.run();
