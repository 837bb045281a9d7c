import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LastKnown } from '../../src/status/last-known.js';

test('a count stays what it was while nobody tells it', async () => {
  const counts = new Map([['mongodb', 5]]);
  const known = new LastKnown(async name => {
    const count = counts.get(name);
    if (count === undefined) throw new Error('nobody answers');
    return count;
  });
  assert.is(await known.of('mongodb'), 5);
  counts.delete('mongodb');
  assert.is(await known.of('mongodb'), 5);
  assert.is(await known.of('influxdb'), undefined);
  counts.set('mongodb', 0);
  assert.is(await known.of('mongodb'), 0);
});

test.run();
