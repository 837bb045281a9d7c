import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ExactNumber, exactFields, stringifyExact } from '../../src/events/digits.js';

const exactly = (digits: string): ExactNumber => new ExactNumber(digits);

test('numbers that a double holds are left alone, however they are spelt', () => {
  for (const number of [
    '0',
    '-0',
    '1.0',
    '1e3',
    '1E+3',
    '0.10',
    '0.1',
    '9007199254740992',
    '9007199254740991',
    '1e22',
    '1.50e-7',
  ])
    assert.is(exactFields(`{"a":${number},"b":[${number}, ${number}]}`), undefined, number);
  assert.is(
    exactFields('{"created":1524831183200260,"id":"65ca84273789d6e032ede889, 1e5 9007199254740993"}'),
    undefined,
  );
});

test('numbers that a double does not hold keep their digits, wherever they stand', () => {
  for (const digits of [
    '9007199254740993',
    '489780393439878140',
    '1524831183200260097',
    '-1524831183200260097',
    '123456789012345678901234567890',
    '0.1000000000000000055511151231257827',
    '3.14159265358979323846',
    '1e999',
    '-1E-400',
    '9.007199254740993e15',
  ]) {
    const fields = exactFields(`{"a":${digits},"b":{"c":[1, ${digits}]},"s":"${digits}"}`);
    assert.equal(fields, { a: exactly(digits), b: { c: [1, exactly(digits)] }, s: digits }, digits);
    assert.is(stringifyExact(fields), `{"a":${digits},"b":{"c":[1,${digits}]},"s":"${digits}"}`);
  }
});

test('keys that mean something to JavaScript are data', () => {
  const text = '{"__proto__":{"a":9007199254740993},"toJSON":9007199254740993}';
  assert.is(stringifyExact(exactFields(text)), text);
  assert.is(({} as { a?: unknown }).a, undefined);
});

test('with or without exact numbers, the rest is what JSON.parse makes of it', () => {
  const number = fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,24})(?:\.[0-9]{1,24})?(?:[eE][+-]?[0-9]{1,3})?$/);
  const member = fc.tuple(
    fc.string({ unit: 'binary' }),
    fc.oneof(
      number,
      fc.jsonValue().map(value => JSON.stringify(value)),
    ),
  );
  fc.assert(
    fc.property(fc.array(member), members => {
      const text = `{${members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(' ,')}}`;
      const fields = exactFields(text);
      if (fields === undefined) {
        for (const value of Object.values(JSON.parse(text))) assert.ok(value !== Number.POSITIVE_INFINITY);
        return;
      }
      const doubles = JSON.parse(stringifyExact(fields));
      assert.equal(Object.entries(doubles), Object.entries(JSON.parse(text)));
    }),
    { numRuns: 1000 },
  );
});

test('every 64-bit integer comes out as it went in', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), value => {
      const text = `{"n":${value}}`;
      const fields = exactFields(text) ?? JSON.parse(text);
      assert.is(fields.n instanceof ExactNumber ? BigInt(fields.n.digits) : BigInt(fields.n), value);
    }),
  );
});

test.run();
