import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { learnFrom, learnFromQuery, mentionsOf } from '../../src/context/mentions.js';

const file = 'f'.repeat(24);
const dataset = 'd'.repeat(24);
const space = 'a'.repeat(24);
const of = (fields: Record<string, unknown>, type?: string) => mentionsOf({ type, fields, source: 'nginx' });

test('what it happened to: by the type, else by where the id stands in the address', () => {
  assert.is(of({ resource_id: file }, 'file')?.kind, 'file');
  assert.is(of({ resource_id: file, resource_type: 'dataset' }, 'queued')?.kind, 'dataset');
  for (const [url, kind] of [
    [`/files/${file}`, 'file'],
    [`https://c.example/clowder/api/datasets/${file}/download`, 'dataset'],
    [`/collection/${file.toUpperCase()}`, 'collection'],
    [`/api/v2/public_files/${file}/summary`, undefined],
    [`/spaces/${dataset}/x/${file}`, undefined],
  ] as const) {
    assert.is(of({ resource_id: file, url }, 'queued')?.kind, kind, url);
  }
  assert.is(of({ resource_id: file })?.kind, undefined);
  assert.is(of({ resource_id: file, resource_type: 'dataset' }, 'queued')?.kind, 'dataset');
});

test('the query of its address, and of a referrer that is about the same', () => {
  const query = { dataset, space };
  assert.equal(of({ url: `/files/${file}?dataset=${dataset}&space=${space}#x`, resource_id: file })?.query, query);
  assert.equal(of({ url: `/datasets?x=1&space=${space}` })?.query, { dataset: undefined, space });
  const referrer = `https://c/files/${file}?folder=&dataset=${dataset}`;
  assert.equal(of({ url: `/files/${file}/blob`, referrer, resource_id: file })?.query, { dataset, space: undefined });
  assert.is(of({ url: `/files/${space}/blob`, referrer, resource_id: space })?.query, undefined);
  for (const other of ['mydataset=', 'dataset=x', `dataset=${dataset}0`, `dataset=${dataset.slice(1)}`]) {
    assert.is(of({ url: `/files/${file}?${other}`, resource_id: file })?.query, undefined, other);
  }
});

test('what an event says of its file, its dataset and its space', () => {
  const fields = {
    resource_id: file,
    resource_name: 'n',
    author_id: space,
    dataset_id: dataset,
    dataset_name: 'D',
    space_id: space,
  };
  const said: Record<string, unknown> = {};
  learnFrom(of(fields, 'file')!, fields, (id, facts) => {
    said[id] = JSON.parse(JSON.stringify(facts));
  });
  assert.equal(said, {
    [file]: { kind: 'file', name: 'n', owner: space, dataset },
    [dataset]: { kind: 'dataset', name: 'D', spaces: [space] },
    [space]: { kind: 'space' },
  });
});

test('the query tells where the resource itself is, and nothing of others', () => {
  const said: unknown[] = [];
  const learn = (id: string, facts: unknown) => said.push([id, facts]);
  const query = `?dataset=${dataset}&space=${space}`;
  learnFromQuery(of({ url: `/files/${file}${query}`, resource_id: file }, 'file')!, learn);
  learnFromQuery(of({ url: `/datasets/${file}${query}`, resource_id: file }, 'dataset')!, learn);
  learnFromQuery(of({ url: `/datasets${query}` })!, learn);
  assert.equal(said, [
    [file, { kind: 'file', dataset }],
    [file, { kind: 'dataset', spaces: [space] }],
  ]);
});

test('a value that cannot become a text is none', () => {
  const odd = { toString: 1, valueOf: 1 };
  assert.is(of({ resource_id: odd, referrer: '/?dataset=x', url: odd }), null);
});

test('whatever the values are, nothing is thrown, and only ids of Clowder come out', () => {
  const value = fc.oneof(fc.anything(), fc.constant(file), fc.webUrl({ withQueryParameters: true }));
  const names = ['resource_id', 'dataset_id', 'file_id', 'space_id', 'collection_id', 'url', 'referrer'];
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), value),
      fc.option(fc.string(), { nil: undefined }),
      (fields, type) => {
        const found = of(fields, type);
        if (found === null) return;
        learnFrom(found, fields, id => assert.match(id, /^[0-9a-f]{24}$/));
        learnFromQuery(found, id => assert.match(id, /^[0-9a-f]{24}$/));
      },
    ),
  );
  assert.ok(true);
});

test.run();
