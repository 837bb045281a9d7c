import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decode } from '../../../src/events/decode.js';
import { fields as catalogue } from '../../../src/events/fields.js';
import {
  fieldText,
  keyText,
  measurementText,
  safeName,
  tagText,
  timestampText,
} from '../../../src/sinks/influxdb/line-protocol.js';
import { lineOf, type Schema, seriesOf } from '../../../src/sinks/influxdb/point.js';
import { conflictIn, FieldTypes, fit } from '../../../src/sinks/influxdb/types.js';
import { parseLine } from '../../helpers/line-protocol.js';
import { eventOf } from '../../helpers/sink-session.js';

const schema: Schema = {
  measurement: 'events',
  tags: new Set(['author_id', 'category', 'extractor_name', 'healthy', 'type', 'user_id']),
};

function parsed(fields: Record<string, unknown>, types = new FieldTypes()) {
  const event = eventOf({ category: 'upload', created: 1_790_000_000_123, ...fields });
  return parseLine(lineOf(event, seriesOf(event, schema), 42, schema, types));
}

/** Fields of the point, without `event_id`. */
function written(fields: Record<string, unknown>, types = new FieldTypes()) {
  const { event_id: id, ...rest } = parsed(fields, types).fields;
  assert.equal(id, { type: 'string', value: 'event-1' });
  return rest;
}

const float = (value: number) => ({ type: 'float', value });
const integer = (value: bigint) => ({ type: 'integer', value });
const string = (value: string) => ({ type: 'string', value });

test('a download of Clowder, field by field', () => {
  const point = parsed({
    category: 'download',
    type: 'file',
    resource_id: '5f2b1c0de4b0a1b2c3d4e5f6',
    resource_name: 'a file.csv',
    author_id: 'author',
    author_name: 'Ada Example',
    user_id: '000000000000000000000000',
    user_name: 'Anonymous User',
    size: 12345,
  });
  assert.is(point.measurement, 'events');
  assert.equal(
    { ...point.tags },
    {
      author_id: 'author',
      category: 'download',
      type: 'file',
      user_id: '000000000000000000000000',
    },
  );
  assert.equal(
    { ...point.fields },
    {
      event_id: string('event-1'),
      resource_id: string('5f2b1c0de4b0a1b2c3d4e5f6'),
      resource_name: string('a file.csv'),
      author_name: string('Ada Example'),
      user_name: string('Anonymous User'),
      size: integer(12345n),
      bytes: integer(12345n),
    },
  );
  assert.is(point.ns, 1_790_000_000_123_000_042n);
});

test('the size of a dataset is a number of items', () => {
  assert.equal(written({ category: 'download', type: 'dataset', size: 7 }), {
    size: integer(7n),
    item_count: integer(7n),
  });
});

test('response times are floats, also when they are whole', () => {
  const { response_time_avg: average, uptime } = written({ category: 'health', response_time_avg: 1, uptime: 100 });
  assert.equal([average, uptime], [float(1), float(100)]);
});

test('any other number is a float; texts, truths and lists keep their kind', () => {
  assert.equal(written({ a: 1, b: 1.5, c: 'x', d: true, e: [1, { f: 2 }], g: null, h: '' }), {
    a: float(1),
    b: float(1.5),
    c: string('x'),
    d: { type: 'boolean', value: true },
    e: string('[1,{"f":2}]'),
    h: string(''),
  });
});

test('times are epoch ms, however they are spelt', () => {
  const until = (value: unknown) => written({ category: 'service_status', until: value }).until;
  const expected = integer(1_790_000_000_000n);
  assert.equal(until(1_790_000_000), expected);
  assert.equal(until(1_790_000_000_000), expected);
  assert.equal(until('2026-09-21T14:13:20Z'), expected);
  assert.equal(written({ until: 'tomorrow' }), { until_string: string('tomorrow') });
});

test('a number that is no time is text, however many digits it has', () => {
  const body = '{"category":"x","from":1e999,"until":1790000000000.123456789}';
  const decoded = decode({ id: 'event-1', body, source: 'http', received: 1_700_000_000_000 }, 1_700_000_000_000);
  assert.ok(decoded.kind === 'event');
  const line = lineOf(decoded.event, seriesOf(decoded.event, schema), 7, schema, new FieldTypes());
  const { event_id: _id, ...rest } = parseLine(line).fields;
  assert.equal(rest, { from_text: string('1e999'), until: integer(1_790_000_000_000n) });
});

test('a value that does not fit its field goes under <name>_<type>', () => {
  assert.equal(written({ category: 'x', size: 10.5 }), { size_float: float(10.5) });
  for (const size of [2 ** 53, 2 ** 60, -(2 ** 63)])
    assert.equal(written({ category: 'x', size }), { size: { type: 'integer', value: BigInt(size) } }, String(size));
  assert.equal(written({ category: 'x', size: 'big' }), { size_string: string('big') });
  assert.equal(written({ category: 'x', size: '10' }), { size: integer(10n) });
  assert.equal(written({ resource_id: 17 }), { resource_id: string('17') });
  assert.equal(written({ category: 'x', size: 10.5, size_float: 'mine' }), {
    size_float_: float(10.5),
    size_float: string('mine'),
  });
});

test('a type that was learnt wins, where nothing is lost by it', () => {
  const types = new FieldTypes([
    ['size', 'float'],
    ['load', 'integer'],
    ['load_float', 'string'],
    ['flag', 'string'],
    ['count', 'unsigned'],
  ]);
  assert.equal(written({ category: 'x', size: 12 }, types), { size: float(12) });
  assert.equal(written({ load: 12 }, types), { load: integer(12n) });
  assert.equal(written({ load: 1.5 }, types), { load_float: string('1.5') });
  assert.equal(written({ flag: true }, types), { flag: string('true') });
  assert.equal(written({ count: 3 }, types), { count: { type: 'unsigned', value: 3n } });
  assert.equal(written({ count: -3 }, types), { count_float: float(-3) });
});

test('an empty tag is left out, a nested one is a field, a long one is cut and kept whole beside', () => {
  assert.equal({ ...parsed({ user_id: '', type: 'x' }).tags }, { category: 'upload', type: 'x' });
  const nested = parsed({ user_id: { a: 1 } });
  assert.equal({ ...nested.tags }, { category: 'upload' });
  assert.equal(nested.fields.user_id_json, string('{"a":1}'));
  const long = parsed({ user_id: 'u'.repeat(5000) });
  assert.is(long.tags.user_id, 'u'.repeat(256));
  assert.equal(long.fields.user_id_text, string('u'.repeat(5000)));
});

test('tags that are no text: a number, a truth', () => {
  assert.equal(
    { ...parsed({ healthy: true, user_id: 12 }).tags },
    { category: 'upload', healthy: 'true', user_id: '12' },
  );
});

test('names that are reserved or cannot be written get another, and take nobody’s place', () => {
  assert.equal(written({ _id: 1, time: 2, event_id: 'mine', 'a"b\\c\nd': 3, '': 4, 'a b,c=d': 5 }), {
    x_id: float(1),
    x_time: float(2),
    x_event_id: string('mine'),
    a_b_c_d: float(3),
    x_: float(4),
    'a b,c=d': float(5),
  });
  assert.equal(written({ _id: 1, x_id: 2 }), { x_id_2: float(1), x_id: float(2) });
  assert.equal(written({ _a: 1, __a: 2 }), { x_a: float(1), x_a_2: float(2) });
  assert.equal(safeName('__proto__'), 'x_proto__');
});

test('an event with very many fields keeps the rest as JSON', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`field_${n}`, n]));
  const fields = written(many);
  assert.ok(Object.keys(fields).length < 260);
  const rest = JSON.parse(String(fields.other_fields?.value)) as Record<string, number>;
  for (let n = 0; n < 1000; n += 1) assert.is(Number(fields[`field_${n}`]?.value ?? rest[`field_${n}`]), n);
});

test('what the format cannot say is said in the nearest way', () => {
  assert.is(tagText('a\\'), 'a/');
  assert.is(tagText('a\\\\'), 'a//');
  assert.is(tagText('a\nb'), 'a\\nb');
  assert.is(tagText(''), undefined);
  assert.is(tagText('a b,c=d'), 'a\\ b\\,c\\=d');
  assert.is(fieldText('string', 'say "hi" \\ \n'), '"say \\"hi\\" \\\\ \\\\n"');
  assert.is(keyText('a b'), 'a\\ b');
  assert.is(measurementText('#my events'), 'my\\ events');
});

test('a text over 64 KiB is cut at a character', () => {
  for (const text of ['x'.repeat(70_000), 'é'.repeat(40_000), '🙂'.repeat(20_000), `x${'🙂'.repeat(20_000)}`]) {
    const { message } = written({ message: text });
    const cut = String(message?.value);
    assert.ok(text.startsWith(cut));
    assert.ok(Buffer.byteLength(cut) <= 65_535 && Buffer.byteLength(cut) > 65_530);
  }
});

test('timestamps beyond 2^53 are exact', () => {
  assert.is(timestampText(9_223_372_036_853, 999_999), '9223372036853999999');
  assert.is(timestampText(1, 5), '1000005');
  assert.is(timestampText(0, 5), '5');
});

test('whatever the values, a real parser reads back what was meant', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\\', 'a\\', '\\,', '\\ ', '"', '=', ',', '#x', '\n', '\r\n'),
  );
  fc.assert(
    fc.property(text, text, text, text, fc.double(), (user, message, name, type, number) => {
      const point = parsed({ user_id: user, type, message, [`f${name}`]: number, [name]: message });
      assert.is(point.tags.user_id ?? '', legible(user));
      assert.is(point.tags.type ?? '', legible(type));
      if (!(name in catalogue)) {
        const said = point.fields.message?.value ?? '';
        assert.is(said, utf8(message).replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '\\x00'));
      }
      for (const key of Object.keys(point.fields)) assert.not.match(key, /^_|^time$/);
    }),
    { numRuns: 2000 },
  );
});

test('whatever JSON comes, a line comes of it that a parser takes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fields => {
      const names = Object.keys(fields).filter(
        name => fields[name] !== null && name !== 'created' && !schema.tags.has(name),
      );
      const point = parsed({ ...fields, category: 'c', created: 1_790_000_000_000 });
      assert.ok(Object.keys(point.fields).length >= Math.min(names.length, 250));
    }),
    { numRuns: 1000 },
  );
});

test('a fit loses nothing', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.integer().map(String)),
      fc.constantFrom('float' as const, 'integer' as const, 'unsigned' as const, 'string' as const, 'boolean' as const),
      (value, type) => {
        const fitting = fit(value, type);
        if (fitting !== undefined) assert.is(String(fitting), String(value === 0 ? 0 : value));
      },
    ),
  );
});

test('type conflicts, in the words of each version', () => {
  const one =
    'partial write: field type conflict: input field "size" on measurement "events" is type float, already exists as type integer dropped=2';
  assert.equal(conflictIn(one), { field: 'size', type: 'integer' });
  assert.equal(conflictIn(`failure writing points to database: ${one}`), { field: 'size', type: 'integer' });
  assert.equal(
    conflictIn('input field "a \\"b\\"" on measurement "m" is type float, already exists as type unsigned'),
    {
      field: 'a "b"',
      type: 'unsigned',
    },
  );
  const three =
    "invalid column type for column 'size', expected iox::column_type::field::uinteger, got iox::column_type::field::float";
  assert.equal(conflictIn(three), { field: 'size', type: 'unsigned' });
  assert.is(conflictIn("invalid column type for column 'a', expected iox::column_type::tag, got x"), undefined);
  assert.is(conflictIn('unable to parse'), undefined);
});

/** As a tag is to be read back. */
function legible(text: string): string {
  const shown = [...utf8(text).slice(0, 1000)]
    .map(character => {
      const code = character.charCodeAt(0);
      if (code >= 0x20 && code !== 0x7f) return character;
      return { 9: '\\t', 10: '\\n', 13: '\\r' }[code] ?? `\\x${code.toString(16).padStart(2, '0')}`;
    })
    .join('');
  return shown.replace(/\\+$/, ends => '/'.repeat(ends.length));
}

function utf8(text: string): string {
  return Buffer.from(text).toString();
}

test.run();
