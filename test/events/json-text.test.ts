import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { itemTexts, memberTexts, withMember, withValue } from '../../src/events/json-text.js';

test('items are cut out as they stand', () => {
  const text = ' [ {"a" : 1.0, "a":2 } ,"x,]\\"\\\\" , [ ],{},-1.50E+2, null ,[[{"}":"]"}]] ] ';
  assert.equal(itemTexts(text), [
    '{"a" : 1.0, "a":2 }',
    '"x,]\\"\\\\"',
    '[ ]',
    '{}',
    '-1.50E+2',
    'null',
    '[[{"}":"]"}]]',
  ]);
  assert.equal(itemTexts('[]'), []);
  assert.equal(itemTexts('\n[\t\r]'), []);
});

test('members are cut out as they stand; of a repeated name the last counts', () => {
  const text = ' { "a" : 1.0 , "b":{"c":"}"}, "a":9007199254740993,"\\u0063" : "\\ud83c","__proto__":[1 , 2] } ';
  assert.equal(
    [...memberTexts(text)],
    [
      ['a', '9007199254740993'],
      ['b', '{"c":"}"}'],
      ['c', '"\\ud83c"'],
      ['__proto__', '[1 , 2]'],
    ],
  );
  assert.equal([...memberTexts('{}')], []);
});

test('a member is added without touching the others', () => {
  assert.is(withMember('{"a":1.0 }', 'created', '7'), '{"a":1.0 ,"created":7}');
  assert.is(withMember('{"a":"}"}\n', 'b"', '"x"'), '{"a":"}","b\\"":"x"}');
  assert.is(withMember('{ }', 'a', '1'), '{ "a":1}');
});

test('a value is replaced without touching the others', () => {
  assert.is(withValue('{"a":1.0, "b":2,"a":3}', 'a', '4'), '{"a":4,"b":2}');
  assert.is(withValue('{"b":1.0}', 'a', '4'), '{"b":1.0,"a":4}');
});

/**
 * Any JSON, written as people and programs write it: with white space, escapes, numbers of many shapes and repeated
 * keys.
 */
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const spelling = fc.oneof(
  fc.stringMatching(/^-?(?:0|[1-9][0-9]{0,22})(?:\.[0-9]{1,22})?(?:[eE][+-]?[0-9]{1,3})?$/),
  fc.string({ unit: 'binary', maxLength: 8 }).map(text => JSON.stringify(text)),
  fc.stringMatching(/^(?:[a-z]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|[[\]{},:])*$/).map(text => `"${text}"`),
  fc.constantFrom('true', 'false', 'null', '""', '"\\\\"', '"\\\\\\""'),
);
const spelt: fc.Arbitrary<string> = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 4 }, spelling, tie('array'), tie('object')),
  array: fc
    .array(fc.tuple(space, tie('value'), space), { maxLength: 5 })
    .map(items => `[${items.map(parts => parts.join('')).join(',')}]`),
  object: fc
    .array(
      fc.tuple(
        space,
        fc.oneof(
          fc.constantFrom('"a"', '"\\u0061"', '"__proto__"'),
          fc.string({ maxLength: 5 }).map(name => JSON.stringify(name)),
        ),
        space,
        tie('value'),
        space,
      ),
      { maxLength: 5 },
    )
    .map(
      members =>
        `{${members.map(([before, name, middle, value, after]) => `${before}${name}${middle}:${middle}${value}${after}`).join(',')}}`,
    ),
})).value as fc.Arbitrary<string>;

test('what is cut out of an array parses to what JSON.parse finds in it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(space, spelt, space), { maxLength: 8 }), space, (items, around) => {
      const text = `${around}[${items.map(parts => parts.join('')).join(',')}]${around}`;
      const cut = itemTexts(text);
      assert.equal(
        cut,
        items.map(([, item]) => item),
      );
      assert.equal(
        cut.map(item => JSON.parse(item)),
        JSON.parse(text),
      );
    }),
    { numRuns: 500 },
  );
});

test('what is cut out of an object parses to what JSON.parse finds in it', () => {
  fc.assert(
    fc.property(spelt, text => {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
      const found = [...memberTexts(text)].map(([name, member]) => [name, JSON.parse(member)] as const);
      assert.equal(new Map(found), new Map(Object.entries(value)));
    }),
    { numRuns: 1000 },
  );
});

test('text that is not JSON gives an answer too, soon', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[[\]{}",:\\a1 ]{0,60}$/), text => {
      for (const begun of [text, `[${text}`, `{${text}`]) {
        assert.ok(itemTexts(begun).length <= begun.length);
        assert.ok(memberTexts(begun).size <= begun.length);
      }
    }),
    { numRuns: 2000 },
  );
  const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
  assert.is(itemTexts(deep).length, 1);
  assert.is(itemTexts(`["${'\\\\'.repeat(300_000)}"]`).length, 1);
  assert.is(itemTexts(`["${'\\"'.repeat(100_000)}"]`).length, 1);
});

test.run();
