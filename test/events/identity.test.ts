import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ascendingId, hashOf, isEventId, keyedHash, timedId } from '../../src/events/identity.js';
import { latestMs } from '../../src/events/timestamp.js';

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

test('a keyed hash never changes, and depends on the secret and on where one part ends and the next begins', () => {
  assert.is(keyedHash('secret', 'a', 7), hashOf('secret\n1:a\n1:7'));
  assert.is(keyedHash('secret', 'a', 7), '0dfc02fde675d7784c0f514e4b3f5793');
  const made = [
    keyedHash('secret', 'ab', 'c'),
    keyedHash('secret', 'a', 'bc'),
    keyedHash('secret', 'abc'),
    keyedHash('secret', 'abc', ''),
    keyedHash('other', 'abc'),
  ];
  assert.is(new Set(made).size, made.length);
});

test('lists of parts that differ have keyed hashes that differ', () => {
  const parts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      assert.is(keyedHash('secret', ...one) === keyedHash('secret', ...other), same);
    }),
  );
});

test('a timed id begins with its time and is 32 hex digits, from 1970 to 9999', () => {
  const hash = hashOf('x');
  assert.is(timedId(1_700_000_000_000, hash), `018bcfe56800${hash.slice(0, 20)}`);
  assert.is(timedId(0, hash).length, 32);
  assert.is(timedId(latestMs, hash).length, 32);
  for (const ms of [-1, 0.5, Number.NaN, latestMs + 1]) assert.throws(() => timedId(ms, hash), RangeError);
});

test('new ids are unique and ascend: also many in one ms, and beyond a pool of random bytes', () => {
  const ids: string[] = [];
  for (const ms of [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000])
    for (let count = 0; count < 3000; count += 1) ids.push(ascendingId(ms));
  assert.is(new Set(ids).size, 9000);
  assert.equal([...ids].sort(), ids);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  assert.ok(ids[0]!.startsWith('018bcfe56800'));
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
