import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Refusals } from '../../src/http/refusals.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

test('ten thousand failed attempts are 120 lines a minute and their count', async () => {
  const { log, lines } = recordingLog();
  const clock = new ManualClock();
  const refusals = new Refusals(log, clock);
  const refusal = { address: '10.0.0.1', reason: 'unknown key', key: undefined, method: 'GET', path: '/' } as const;
  for (let count = 0; count < 10_000; count++) refusals.add(refusal);
  assert.is(lines.length, 120);
  assert.equal(lines[0], { level: 'warn', line: 'key.refused', fields: refusal });
  await clock.pass(60_000);
  refusals.add(refusal);
  assert.equal(
    lines.slice(120).map(({ line, fields }) => [line, fields.count]),
    [
      ['keys.refused-often', 9880],
      ['key.refused', undefined],
    ],
  );
});

test.run();
