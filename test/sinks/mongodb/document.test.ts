import fc from 'fast-check';
import { BSON } from 'mongodb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../src/events/event.js';
import { toDocument } from '../../../src/sinks/mongodb/document.js';
import { flawOf } from '../../../src/sinks/mongodb/flaw.js';
import { event } from '../../helpers/mongodb.js';

const measure = BSON.calculateObjectSize;
const stored = (of: Event) => BSON.deserialize(BSON.serialize(toDocument(of)));
const flaw = (fields: Record<string, unknown>) => flawOf(toDocument(event('a', fields)), measure);

test('fields are kept verbatim, with the id and a date beside them', () => {
  const received = event('a', {
    created: '2024-03-04T09:31:43.342Z',
    size: 12,
    nested: { list: [1, 'two', null, true] },
  });
  assert.equal(stored(received), {
    _id: 'a',
    category: 'view_resource',
    type: 'file',
    created: '2024-03-04T09:31:43.342Z',
    resource_id: '65c5ea71554c774daf7fab32',
    size: 12,
    nested: { list: [1, 'two', null, true] },
    created_at: new Date(1_709_544_703_342),
  });
});

test('fields that bear the names of the sink are kept under other names', () => {
  const { _id, _id_original, created_at, created_at_original } = stored(event('a', { _id: 7, created_at: 'then' }));
  assert.equal([_id, _id_original], ['a', 7]);
  assert.equal([created_at, created_at_original], [new Date(1_709_544_703_342), 'then']);
  const crowded = stored(event('a', { _id: 7, _id_original: 8, _id_original_original: 9 }));
  assert.equal(
    [crowded._id_original, crowded._id_original_original, crowded._id_original_original_original],
    [8, 9, 7],
  );
});

test('a body that is no JSON object is echoed as the older worker did', () => {
  const { fields: _, ...rest } = event('a');
  assert.equal(stored({ ...rest, fields: {}, text: 'Hello World!' }), {
    _id: 'a',
    created: 1_709_544_703_342,
    message: 'Hello World!',
  });
});

test('names that JavaScript or MongoDB treat in their own way are plain data', () => {
  const fields = JSON.parse('{"__proto__":{"x":1},"constructor":2,"$set":{"a":1},"a.b":3,"":4,"_id":5}');
  const document = toDocument(event('a', fields));
  assert.is(flawOf(document, measure), undefined);
  assert.equal(Object.getOwnPropertyDescriptor(document, '__proto__')?.value, { x: 1 });
  assert.is(Object.getPrototypeOf(document), Object.prototype);
  const back = BSON.deserialize(BSON.serialize(document));
  assert.equal([back.constructor, back.$set, back['a.b'], back['']], [2, { a: 1 }, 3, 4]);
});

const circle: Record<string, unknown> = {};
circle.again = circle;

const flaws: [name: string, fields: Record<string, unknown>, says: RegExp][] = [
  ['NUL in a name', { outer: { 'in\0ner': 1 } }, /^outer\.in\\0ner: a NUL/],
  ['an invalid date in a list', { list: ['fine', new Date(Number.NaN)] }, /^list\.1: invalid date/],
  ['half a surrogate pair in a name', { 'x\udc00': 1 }, /surrogate/],
  ['an invalid date', { when: new Date(Number.NaN) }, /^when: invalid date/],
  ['an integer beyond 64 bits', { big: 2n ** 63n }, /^big: integer beyond 64 bits/],
  ['an integer below 64 bits', { big: -(2n ** 63n) - 1n }, /^big: integer beyond/],
  ['100 levels below the document', nested(101), /nested deeper than 100/],
  ['a circle', { circle }, /nested deeper than 100/],
  ['a name of the driver', { a: { _bsontype: 'ObjectId' } }, /^a\._bsontype: /],
  ['a name of the driver at the top', { _bsontype: 'Long' }, /^_bsontype: /],
  ['16 MiB', { text: 'x'.repeat(16 * 1024 * 1024 - 100) }, /^document of \d+ bytes/],
  ['16 MiB in many pieces', { list: Array(200_000).fill('ü'.repeat(40)) }, /^document of \d+ bytes/],
];

for (const [name, fields, says] of flaws) {
  test(`cannot be stored: ${name}`, () => {
    assert.match(flaw(fields) ?? 'no flaw', says);
  });
}

const fine: [name: string, fields: Record<string, unknown>][] = [
  ['the largest and the smallest 64-bit integer', { a: 2n ** 63n - 1n, b: -(2n ** 63n) }],
  ['numbers of every size', { a: 1e300, b: -0, c: 2 ** 53, d: 5e-324, e: Number.POSITIVE_INFINITY }],
  ['99 levels below the document', nested(99)],
  ['NUL in text', { text: 'a\0b' }],
  ['half a surrogate pair in text', { text: 'half \ud83d' }],
  ['a whole surrogate pair', { text: '🌾', '🌾': 1 }],
  ['just below 16 MiB', { text: 'x'.repeat(16 * 1024 * 1024 - 1000) }],
  ['an empty _bsontype', { a: { _bsontype: null } }],
];

for (const [name, fields] of fine) {
  test(`can be stored: ${name}`, () => {
    assert.is(flaw(fields), undefined);
    BSON.serialize(toDocument(event('a', fields)));
  });
}

test('what passes the check is stored as it is, whatever it is', () => {
  fc.assert(
    fc.property(fc.dictionary(anyName, fc.jsonValue({ stringUnit: 'binary' })), fields => {
      // Through JSON, as events come.
      const received = event('a', JSON.parse(JSON.stringify(fields)));
      const document = toDocument(received);
      if (flawOf(document, measure) !== undefined) return;
      const back = BSON.deserialize(BSON.serialize(document), { promoteBuffers: true });
      for (const [name, value] of Object.entries(received.fields)) {
        if (name === '_id' || name === 'created_at') continue;
        const text = JSON.stringify(Object.getOwnPropertyDescriptor(back, name)?.value);
        assert.is(text, asUtf8(JSON.stringify(value)));
      }
    }),
    { numRuns: 500 },
  );
});

const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('_id', 'created_at', '_id_original', '__proto__', '$ref', '_bsontype', 'toBSON', 'a\0'),
);

test('never throws, whatever the fields are', () => {
  fc.assert(
    fc.property(fc.dictionary(anyName, fc.anything({ withBigInt: true, withDate: true })), fields => {
      assert.not.throws(() => flawOf(toDocument(event('a', fields)), measure));
    }),
    { numRuns: 300 },
  );
});

test.run();

/** Escapes of half surrogate pairs as the character that stands for them in UTF-8. */
function asUtf8(json: string | undefined): string | undefined {
  return json?.replaceAll(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\ufffd');
}

function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 1; level < levels; level++) value = { deeper: value };
  return { value };
}
