import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { catalogue, entriesByCategory, measure } from '../../src/events/catalogue.js';
import { type Field, fields } from '../../src/events/fields.js';

test('a kind stands once, and no field twice in it', () => {
  const kinds = catalogue.map(({ category, type }) => `${category}.${type}`);
  assert.is(new Set(kinds).size, kinds.length);
  for (const { category, fields: named } of catalogue) {
    const names = [...named.always, ...named.sometimes];
    assert.is(new Set(names).size, names.length, category);
    for (const name of names) assert.ok(name in fields, name);
  }
  assert.is([...entriesByCategory.values()].flat().length, catalogue.length);
});

test('every field is of some kind of event', () => {
  const used = new Set<string>(catalogue.flatMap(({ fields: named }) => [...named.always, ...named.sometimes]));
  for (const name of ['id', 'category', 'type', 'created']) used.add(name);
  assert.equal([...used].sort(), Object.keys(fields).sort());
});

test('what is of people is said of each field', () => {
  const personal = Object.entries<Field>(fields).flatMap(([name, { personal: kind }]) =>
    kind ? [`${name}: ${kind}`] : [],
  );
  assert.equal(personal, [
    'user_id: id',
    'user_name: name',
    'author_id: id',
    'author_name: name',
    'user_agent: agent',
    'ip: address',
  ]);
});

test('size is bytes for files and items for datasets', () => {
  const of = (category: string, type: string | undefined, more: object = {}) =>
    measure({ category, type, fields: { size: 17, ...more } });
  assert.equal(of('upload', undefined), { bytes: 17 });
  for (const category of ['download', 'archive', 'unarchive']) {
    assert.equal(of(category, 'file'), { bytes: 17 });
    assert.equal(of(category, 'dataset'), { item_count: 17 });
  }
  assert.equal(of('delete', 'file'), { bytes: 17 });
});

test('where nobody has said what size means, nothing is said', () => {
  assert.equal(measure({ category: 'shop', type: undefined, fields: { size: 17 } }), {});
  assert.equal(measure({ category: 'upload', type: undefined, fields: { size: '17' } }), {});
  assert.equal(measure({ category: 'upload', type: undefined, fields: {} }), {});
  for (const size of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    assert.equal(measure({ category: 'upload', type: undefined, fields: { size } }), {}, 'JSON has no word for it');
  assert.equal(measure({ category: 'download', type: 'file', fields: { size: 17, bytes: 5 } }), {});
});

test.run();
