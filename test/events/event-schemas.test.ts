import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../src/events/accept.js';
import { entriesByCategory } from '../../src/events/catalogue.js';
import { documentedKinds, eventSchemas, fieldsName } from '../../src/events/event-schemas.js';
import { fields } from '../../src/events/fields.js';
import { parseTimestamp } from '../../src/events/timestamp.js';
import { fixtureFiles, fixtureLines } from './fixtures.js';

type Schema = Readonly<Record<string, unknown>>;
const schemas = eventSchemas('#/');

/** The words of JSON Schema that the catalogue uses; an unknown word fails. */
const words: Readonly<Record<string, (argument: never, value: unknown, schema: Schema) => boolean>> = {
  maxProperties: (max: number, value) => Object.keys(value as object).length <= max,
  $ref: (ref: string, value) => valid(schemas[ref.slice(2)] as Schema, value),
  oneOf: (options: Schema[], value) => options.filter(option => valid(option, value)).length === 1,
  allOf: (parts: Schema[], value) => parts.every(part => valid(part, value)),
  anyOf: (options: Schema[], value) => options.some(option => valid(option, value)),
  not: (other: Schema, value) => !valid(other, value),
  enum: (values: unknown[], value) => values.includes(value),
  type: (type: string, value) => {
    if (type === 'integer') return Number.isInteger(value);
    if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    if (type === 'array') return Array.isArray(value);
    return typeof value === type;
  },
  items: (each: Schema, value) => !Array.isArray(value) || value.every(item => valid(each, item)),
  required: (names: string[], value) => names.every(name => Object.hasOwn(value as object, name)),
  properties: (properties: Readonly<Record<string, Schema>>, value) =>
    Object.entries(value as Schema).every(([name, one]) => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return schema === undefined || valid(schema, one);
    }),
  additionalProperties: () => true,
  description: () => true,
  minLength: (min: number, value) => typeof value !== 'string' || [...value].length >= min,
  maxLength: (max: number, value) => typeof value !== 'string' || [...value].length <= max,
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minimum: (min: number, value) => typeof value !== 'number' || value >= min,
  maximum: (max: number, value) => typeof value !== 'number' || value <= max,
  exclusiveMaximum: (limit: number, value) => typeof value !== 'number' || value < limit,
};

function valid(schema: Schema, value: unknown): boolean {
  // `properties` and `required` speak of objects only: the type is asked first.
  return Object.entries(schema).every(([word, argument]) => words[word]!(argument as never, value, schema));
}

test('every recorded event is valid', () => {
  for (const line of fixtureFiles.flatMap(fixtureLines)) assert.ok(valid(schemas.Event!, JSON.parse(line)), line);
});

test('every category has a schema, and all are reachable', () => {
  const refs = (schemas.Event!.anyOf as { $ref: string }[]).map(({ $ref }) => $ref.slice(2));
  assert.equal(
    refs.sort(),
    Object.keys(schemas)
      .filter(name => name !== 'Event' && name.endsWith('Event'))
      .sort(),
  );
  assert.is(refs.length, entriesByCategory.size + 1);
  assert.ok(schemas.ViewResourceEvent);
});

test('every kind that others send has a schema without its category', () => {
  for (const kind of documentedKinds) {
    const schema = schemas[fieldsName(kind)]!;
    assert.ok(valid(schema, {}), fieldsName(kind));
    assert.is(valid(schema, { type: 'of another kind' }), kind.type === undefined, fieldsName(kind));
    assert.not.ok(valid(schema, { category: 'another' }), fieldsName(kind));
  }
  assert.ok(schemas.ViewResourceDatasetFields);
});

test('the schemas say what is checked on arrival', () => {
  const names = Object.keys(fields).filter(name => name !== 'category');
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('', 0, 1, -1, 0.5, 101, '2024-03-04', true, null),
  );
  const category = fc.constantFrom(...entriesByCategory.keys(), 'something else');
  const item = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 });
  fc.assert(
    fc.property(category, item, (named, some) => {
      const event = JSON.parse(JSON.stringify({ category: named, ...some }));
      const accepted = 'message' in acceptEvent(event, { now: 1, source: 'http' });
      // A schema cannot say which text is a time.
      const times = Object.entries(event).filter(
        ([name, one]) => fields[name as keyof typeof fields].kind === 'timestamp' && typeof one === 'string',
      );
      if (times.every(([, one]) => parseTimestamp(one) !== undefined)) {
        assert.is(valid(schemas.Event!, event), accepted, JSON.stringify(event));
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();
