import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Act } from '../../src/audit/act.js';
import { recordSinks } from '../../src/audit/sinks.js';
import { memoryInMemory } from '../helpers/delivery.js';

test('sinks that were switched on or off since the last start are recorded; the first start compares with nothing', async () => {
  const kept = memoryInMemory();
  const acts: Act[] = [];
  const start = (...sinks: string[]): Promise<void> => recordSinks(sinks, kept, { record: act => acts.push(act) });
  await start('local', 'ga4');
  assert.equal(acts, []);
  await start('ga4', 'local');
  assert.equal(acts, []);
  await start('local', 'mongodb');
  assert.equal(
    acts.map(({ type, subject }) => [type, subject]),
    [
      ['sink_started', 'mongodb'],
      ['sink_stopped', 'ga4'],
    ],
  );
});

test.run();
