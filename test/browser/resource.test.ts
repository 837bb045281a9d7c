import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resourceOf } from '../../src/browser/resource.js';

const id = '65fd8f8b72b6e319f3c4706e';
const of = (url: unknown): Record<string, string> => Object.fromEntries(resourceOf(url));

for (const [url, type] of [
  [`https://c.example.org/datasets/${id}`, 'dataset'],
  [`https://c.example.org/clowder/datasets/${id}?space=1`, 'dataset'],
  [`https://c.example.org/public_datasets/${id}`, 'dataset'],
  [`https://c.example.org/files/${id}#comments`, 'file'],
  [`https://c.example.org/files/${id}/blob`, 'file'],
  [`https://c.example.org/api/v2/public_files/${id}`, 'file'],
  [`https://c.example.org/collection/${id}`, 'collection'],
  [`https://c.example.org/spaces/${id}`, 'space'],
  [`/api/datasets/${id}/download`, 'dataset'],
] as const) {
  test(`${url} is a ${type}`, () => assert.equal(of(url), { type, resource_id: id }));
}

for (const url of [
  undefined,
  7,
  '',
  'https://c.example.org/datasets',
  `https://c.example.org/datasets/${id}0`,
  `https://c.example.org/search?q=/datasets/${id}`,
  `https://c.example.org/users/${id}`,
  `https://c.example.org/${'x'.repeat(3000)}/datasets/${id}`,
]) {
  test(`${String(url).slice(0, 60)} is about nothing`, () => assert.equal(of(url), {}));
}

test.run();
