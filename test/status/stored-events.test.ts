import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { personalFilter } from '../../src/people/personal-data.js';
import { contextAsStored } from '../../src/status/stored-events.js';

const known = { author_id: 'user-of-ada', dataset_id: 'd' };
const context = {
  load: () => undefined,
  of: ({ type }: { type: string | undefined }) => (type === undefined ? undefined : known),
  status: { resources: 1, waiting: 0, clowder: null, obstacle: null },
};
const fields = { resource_id: 'r' };

test('what is known beside stored events is as much of people as the store may have', () => {
  assert.is(contextAsStored(context, undefined), context);
  const clean = contextAsStored(context, personalFilter('none', 'a secret of the test'));
  assert.equal(clean.of({ type: 'file', fields, source: 'nginx' }), {
    author_id: 'user-0f3d80aad3226845',
    dataset_id: 'd',
  });
  assert.is(clean.of({ type: undefined, fields, source: 'nginx' }), undefined);
  assert.is(clean.status, context.status);
});

test.run();
