import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { repeat } from '../src/repeat.js';
import { hastyClock } from './helpers/clock.js';

test('the work is done now, and again after each pause, whether it failed or not, until the end', async () => {
  const stop = new AbortController();
  const clock = hastyClock(0);
  const errors: unknown[] = [];
  let times = 0;
  const work = async (): Promise<void> => {
    times += 1;
    if (times === 4) stop.abort();
    if (times % 2 === 0) throw new Error(`time ${times}`);
  };
  await repeat(work, { everyMs: 1_000, clock, signal: stop.signal, onError: error => errors.push(String(error)) });
  assert.is(times, 4);
  assert.equal(errors, ['Error: time 2'], 'what fails because of the end is nobody’s business');
  assert.equal(clock.sleeps, [1_000, 1_000, 1_000, 1_000]);
});

test('nothing is done once it has ended', async () => {
  const work = async (): Promise<void> => {
    throw new Error('it was done');
  };
  const onError = (error: unknown): never => {
    throw error;
  };
  await repeat(work, { everyMs: 1, clock: hastyClock(), signal: AbortSignal.abort(), onError });
  assert.ok(true);
});

test.run();
