import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseExact } from '../../src/events/digits.js';
import { differences } from '../../src/explain/match.js';

const found = parseExact(
  '{"document":{"_id":"a","size":12,"big":12345678901234567890,"list":[1,2],"none":null,"text":"one two"}}',
);

test('parts are compared, and what is not named does not count', () => {
  const expected = [
    { document: { _id: 'a' } },
    { document: { size: 12, list: [1, 2], none: null, absent: null } },
    { document: { text: '/^one/', list: [1, 2] } },
    { document: { text: '/ONE two/i' } },
    { document: { big: '12345678901234567890' } },
    {},
  ];
  for (const one of expected) assert.equal(differences(one, found, 'mongodb'), [], JSON.stringify(one));
});

test('a difference names its place, what was expected there and what was found', () => {
  const of = (expected: unknown) => differences(expected, found, 'mongodb');
  assert.equal(of({ document: { size: 13, text: '/^two/' } }), [
    { path: 'mongodb.document.size', expected: '13', found: '12' },
    { path: 'mongodb.document.text', expected: '/^two/', found: '"one two"' },
  ]);
  assert.equal(of({ document: { size: '12' } })[0]?.expected, '"12"');
  assert.equal(of({ document: { list: [1, 3] } }), [{ path: 'mongodb.document.list[1]', expected: '3', found: '2' }]);
  assert.equal(of({ document: { list: [1] } })[0]?.path, 'mongodb.document.list');
  assert.equal(of({ document: { size: null } }), [{ path: 'mongodb.document.size', expected: 'nothing', found: '12' }]);
  assert.equal(of({ document: { 'a b': { c: 1 } } }), [
    { path: 'mongodb.document."a b"', expected: '{"c":1}', found: 'nothing' },
  ]);
  assert.equal(of({ document: { size: { a: 1 } } })[0]?.found, '12');
  assert.equal(of({ document: { big: 1 } })[0]?.found, '12345678901234567890');
  assert.equal(of({ document: { toString: 'x' } })[0]?.found, 'nothing');
});

test('a long value is shown in part', () => {
  const [one] = differences('a', 'x'.repeat(10_000), '');
  assert.match(one?.found ?? '', /^"x{199}… \(10002 characters\)$/);
});

test.run();
