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

test('digits beyond the 34th are never dropped, whatever the 35th is, and zeros at the ends are no digits', () => {
  for (const digits of [
    '0.692859911104364624711552816273950009',
    '-12345678901234567890123456789012340001e-40',
    '0.69285991110436462471155281627395000000000000000000000009',
    '100000000000000000000000000000000001E3',
  ])
    assert.is(store(digits), digits);
  assert.instance(store('0.0000000000000000000000000000000000000000000012345678901234567000'), Decimal128);
  assert.instance(store('1000000000000000000000000000000000000000000000000e5'), Decimal128);
});

test('they are found wherever they stand, under whatever name', () => {
  const fields = exactFields('{"a":[1,{"__proto__":9007199254740993}],"b":1.5}');
  const stored = withStoredNumbers(fields, String);
  assert.is(JSON.stringify(stored), '{"a":[1,{"__proto__":"9007199254740993"}],"b":1.5}');
});

test.run();
