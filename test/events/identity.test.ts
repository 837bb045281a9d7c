import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hashOf, isEventId } from '../../src/events/identity.js';

test('the hash never changes: it is a key in every sink', () => {
  assert.is(hashOf(''), 'e3b0c44298fc1c149afbf4c8996fb924');
  assert.is(hashOf('{"category":"upload"}'), hashOf(Buffer.from('{"category":"upload"}')));
  assert.is(hashOf('{"category":"upload"}'), 'a13f6dfa30b4af0c081163172ba03915');
});

test('text and its UTF-8 bytes have one hash, which is an id', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      assert.is(hashOf(text), hashOf(new TextEncoder().encode(text)));
      assert.match(hashOf(text), /^[0-9a-f]{32}$/);
      assert.ok(isEventId(hashOf(text)));
    }),
  );
});

test('an id is 1 to 128 printable ASCII characters', () => {
  for (const id of ['a', ' ', '~', 'x'.repeat(128), '65ca84273789d6e032ede889', 'order #7/b']) {
    assert.ok(isEventId(id), id);
  }
  for (const id of ['', 'x'.repeat(129), 'é', 'a\n', '\n', 'a\u0000', '\u007f', '🌾', 7, null, undefined, ['a'], {}]) {
    assert.not.ok(isEventId(id), String(id));
  }
});

test.run();
