import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Hmac } from '../src/hmac.js';

test('it is the HMAC-SHA-256 of every text under every key', () => {
  const keys = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 70 }));
  fc.assert(
    fc.property(keys, fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }), (key, texts) => {
      const hmac = new Hmac(key);
      for (const text of texts) assert.is(hmac.of(text), createHmac('sha256', key).update(text).digest('hex'));
    }),
  );
});

test('a key as long as a block, and one that is longer', () => {
  for (const key of ['k'.repeat(63), 'k'.repeat(64), 'k'.repeat(65), 'é'.repeat(32), '\ud800'])
    assert.is(new Hmac(key).of('text'), createHmac('sha256', key).update('text').digest('hex'), key);
});

test.run();
