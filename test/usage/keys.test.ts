import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keyedBy, remembering } from '../../src/usage/keys.js';

test('the number of a text is the first 13 hexadecimal digits of its keyed hash, for ever: rows are compared by it', () => {
  assert.is(keyedBy('a secret')('login ada'), 2_277_626_880_231_520);
  const plainly = (secret: string, text: string): number =>
    Number.parseInt(createHash('sha256').update(`${secret}\n${text}`).digest('hex').slice(0, 13), 16);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (secret, text) => {
      const key = keyedBy(secret)(text);
      assert.ok(Number.isSafeInteger(key));
      assert.is(key, plainly(secret, text));
    }),
  );
});

test('a key that is remembered is the same, of however many texts', () => {
  let asked = 0;
  const keyOf = remembering(text => {
    asked += 1;
    return Number(text);
  });
  for (const round of [1, 2])
    for (let text = 0; text < 4_096; text += 1) assert.is(keyOf(String(text)), text, `${round}`);
  assert.is(asked, 4_096);
  for (let text = 0; text < 10_000; text += 1) assert.is(keyOf(String(text)), text);
});

test.run();
