import { Decimal128, Long } from 'mongodb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exactFields } from '../../../src/events/digits.js';
import { numberStore, withStoredNumbers } from '../../../src/sinks/mongodb/numbers.js';

const store = numberStore({ Long, Decimal128 }, true);

test('64 bits are a Long', () => {
  for (const digits of ['9007199254740993', '-9223372036854775808', '9223372036854775807']) {
    const stored = store(digits);
    assert.instance(stored, Long);
    assert.is(String(stored), digits);
  }
});

test('what is longer, or has a fraction or an exponent, is a Decimal128', () => {
  for (const digits of [
    '9223372036854775808',
    '0.12345678901234567890',
    '1E+999',
    '-1234567890123456789012345678901234',
  ]) {
    const stored = store(digits);
    assert.instance(stored, Decimal128);
    assert.is(String(stored), digits);
  }
});

test('what no Decimal128 holds, or a server without them, gets the digits as text', () => {
  for (const digits of ['12345678901234567890123456789012345', '1e9999', '0.12345678901234567890123456789012345678'])
    assert.is(store(digits), digits);
  const plain = numberStore({ Long, Decimal128 }, false);
  assert.is(plain('0.12345678901234567890'), '0.12345678901234567890');
  assert.instance(plain('9007199254740993'), Long);
});

test('they are found wherever they stand, under whatever name', () => {
  const fields = exactFields('{"a":[1,{"__proto__":9007199254740993}],"b":1.5}');
  const stored = withStoredNumbers(fields, String);
  assert.is(JSON.stringify(stored), '{"a":[1,{"__proto__":"9007199254740993"}],"b":1.5}');
});

test.run();
