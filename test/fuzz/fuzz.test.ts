import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzFunctions } from './functions.js';
import { fuzzHttp } from './http.js';
import { FuzzProblem } from './problem.js';

/** `npm run fuzz` takes other seeds, and more of each. */
const seed = 1;

/** The input is what a person wants to see. */
async function telling<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FuzzProblem) error.message = `${error.message}\ninput: ${error.input}`;
    throw error;
  }
}

test('hostile messages, log lines and settings: nothing throws, and what comes out keeps the rules', async () => {
  const results = await telling(() => fuzzFunctions(seed, 2_000));
  assert.ok(results.every(({ inputs }) => inputs >= 100));
});

test('hostile requests: each is answered as documented, the daemon stays up, its memory bounded, its ledger balanced', async () => {
  const { answered, accepted, statuses, identities, longestStallMs } = await telling(() =>
    fuzzHttp({ seed, inputs: 4_000, log: () => {} }),
  );
  assert.ok(answered >= 4_000);
  assert.ok(accepted > 100, `only ${accepted} accepted`);
  assert.ok(longestStallMs <= 200, `${longestStallMs} ms`);
  assert.ok(identities.repeated > 10 && identities.conflicts > 10, JSON.stringify(identities));
  for (const status of [200, 202, 400, 401, 403, 404, 405, 415, 422, 429])
    assert.ok(statuses.has(status), `no ${status}`);
});

test.run();
