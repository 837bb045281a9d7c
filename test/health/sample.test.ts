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

test('time in which this process was held up is no time that the target had', async () => {
  const run = sampled(
    signal =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve({ reason: 'waiting' }));
        const until = performance.now() + 400;
        while (performance.now() < until);
        setTimeout(() => resolve({ reason: undefined, seconds: 0.5 }), 20);
      }),
    { samples: 1, timeoutMs: 200 },
  );
  const { good, times, reason } = await run(never);
  assert.equal([good, reason], [1, undefined]);
  // Its response time would be that of this process.
  assert.is(times, undefined);
});

test('samples that could not be taken are told apart, and what failed has the word', async () => {
  const samples = [
    { reason: 'connection refused' },
    { reason: 'not checked: no port left', unknown: true },
    { reason: 'not checked: no port left', unknown: true },
  ];
  const run = sampled(async () => samples.shift() ?? { reason: 'no more' }, { samples: 3, timeoutMs: 1_000 });
  const { sent, good, unknown, reason } = await run(never);
  assert.equal([sent, good, unknown, reason], [3, 0, 2, 'connection refused']);
});

test('a name that cannot be looked up is the fault of its name servers, or of ours that are silent', async () => {
  const found = async (answered: boolean) => {
    const take = async () => ({ reason: 'DNS failure', unresolvedName: 'www.example.org' });
    const { reason, unknown } = await sampled(take, { samples: 1, timeoutMs: 1_000 }, async () => answered)(never);
    return [reason, unknown];
  };
  assert.equal(await found(true), ['DNS failure: the name servers of its domain fail', undefined]);
  assert.equal(await found(false), ['not checked: the name server that this machine asks does not answer', 1]);
});

test.run();
