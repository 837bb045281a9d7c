import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sampled } from '../../src/health/sample.js';

const never = new AbortController().signal;

test('a run counts its samples, and gives the mean, the shortest and the longest time of the good ones', async () => {
  const samples = [
    { reason: undefined, seconds: 0.2 },
    { reason: 'refused', readings: { status: 500 } },
    { reason: undefined, seconds: 0.4, readings: { status: 200 } },
  ];
  const run = sampled(async () => samples.shift() ?? { reason: 'no more' }, { samples: 3, timeoutMs: 1_000 });
  const { times, ...outcome } = await run(never);
  assert.equal(outcome, { sent: 3, good: 2, readings: { status: 200 }, reason: 'refused' });
  assert.equal([times?.min, times?.max], [0.2, 0.4]);
  assert.ok(Math.abs((times?.average ?? 0) - 0.3) < 1e-9);
});

test('a sample that ignores its timeout is left behind', async () => {
  const run = sampled(() => new Promise(() => {}), { samples: 2, timeoutMs: 10 });
  const { sent, good, reason } = await run(never);
  assert.equal([sent, good, reason], [2, 0, 'no answer within 0.01 s']);
});

test('a run that is to stop does not go on to the next sample', async () => {
  const stopping = new AbortController();
  let taken = 0;
  const run = sampled(
    async () => {
      taken += 1;
      stopping.abort();
      return { reason: undefined };
    },
    { samples: 5, timeoutMs: 1_000 },
  );
  await run(stopping.signal);
  assert.is(taken, 1);
});

test.run();
