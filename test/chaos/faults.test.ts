// timeout: 300 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { report } from './report.js';
import { run } from './run.js';

/**
 * Its faults are at the disk, the clock, the access log, the daemon and all sinks; `npm
 * run chaos` draws others, for longer.
 */
const seed = 3;

test(`faults everywhere (seed ${seed}): what was acknowledged is in every sink, once and unchanged`, async () => {
  const result = await run({ broker: 'embedded', seed, durationMs: 10_000, print: () => {} });
  assert.equal(result.verdict.problems, [], report(result));
  assert.ok(result.strokes.some(({ target }) => target === 'log'));
  assert.ok(result.record.count('acknowledged') > 100, report(result));
});

test.run();
