import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { whyRefused } from '../../src/people/refused-ids.js';

test('what stands for nobody, or says something else in events, is refused', () => {
  const refused = [
    '0'.repeat(24),
    ' 200 ',
    '12345',
    'Ada',
    '   a   ',
    'download',
    'Dataset',
    'nginx',
    'status',
    'mongodb',
  ];
  for (const id of refused) assert.ok(whyRefused(id, ['mongodb']), id);
  for (const id of ['57e1b2c3d4e5f60718293a4b', 'ada@example.org', 'Ada Example', '471100', 'adam'])
    assert.is(whyRefused(id, ['mongodb']), undefined, id);
});

test.run();
