import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { itemOf } from '../../src/usage/item.js';
import { datasetId } from './scene.js';

const fields = { resource_id: datasetId(1), resource_name: 'Made up', space_id: 'space-1', space_name: 'Made up' };
const page = { type: 'dataset', source: 'browser', fields } as const;

test('what a page says of a dataset is counted, and nothing is kept of it', () => {
  assert.equal(itemOf(page, false), { id: datasetId(1), file: undefined, facts: [] });
  assert.equal(itemOf({ ...page, context: {} }, false)?.facts, []);
});

test('what is known of it from elsewhere is kept', () => {
  const context = { resource_name: 'Corn' };
  assert.equal(itemOf({ ...page, context }, false)?.facts, [[datasetId(1), { type: 'dataset', title: 'Corn' }]]);
  const said = itemOf({ ...page, source: 'nginx' }, false)?.facts;
  assert.equal(
    said?.map(([id, { title }]) => [id, title]),
    [
      [datasetId(1), 'Made up'],
      ['space-1', 'Made up'],
    ],
  );
});

test.run();
