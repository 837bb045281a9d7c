import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutShared, withShared } from '../../src/storage/shared-columns.js';

const row = (id: string, body: string) => [id, 1, 'upload', null, 'http', 2, 400, body];
const messages = {
  ids: ['a', 'b'],
  sources: ['http', 'http'],
  received: [2, 2],
  bodies: ['{"a":1}', '{"b":2}'],
};

test('what the message says crosses once, and what its event says otherwise as it is', () => {
  const rows = [...row('a', '{"a":1}'), ...row('b', '{"b":"changed"}')];
  const shared = withoutShared(rows, messages);
  assert.equal(shared.slice(0, 8), [null, 1, 'upload', null, null, null, 400, null]);
  assert.equal(shared.slice(8), [null, 1, 'upload', null, null, null, 400, '{"b":"changed"}']);
  assert.equal(withShared(shared, messages), rows);
});

test('rows that are not those of the messages one by one stay as they are', () => {
  const rows = row('b', '{"b":2}');
  assert.is(withoutShared(rows, messages), rows);
  assert.is(withShared(rows, messages), rows);
});

test.run();
