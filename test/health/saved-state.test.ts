import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blankState, readState, storedState } from '../../src/health/saved-state.js';

/** As the first version wrote it. */
const checkpoint = {
  version: 1,
  observed: 'down',
  observedSince: 1_772_690_400_000,
  told: 'maintenance',
  streak: { finding: 'up', count: 1, since: 1_772_690_520_000 },
  lastRun: 1_772_690_520_010,
  outages: [{ id: 'a', from: 1_772_690_400_000, until: null, unknownMs: 0, over: false, corrected: true }],
  declared: [{ from: 1_772_690_460_000, until: null }],
  hours: [{ hour: 1_772_690_400_000, checks: 2, good: 0 }],
  pending: [{ id: 'b', body: '{"category":"service_status"}', received: 1_772_690_460_000 }],
};

test('a checkpoint of the first version is read, and written with the same keys', () => {
  const state = readState(checkpoint);
  assert.is(state?.announced, 'maintenance');
  assert.is(state?.observed, 'down');
  assert.equal(state?.streaks.up, { count: 1, since: 1_772_690_520_000 });
  assert.is(state?.streaks.down.count, 0);
  const { streak, ...same } = checkpoint;
  const { streaks, ...written } = storedState(state ?? blankState);
  assert.equal(written, same);
});

test('a state survives its checkpoint', () => {
  assert.equal(readState(JSON.parse(JSON.stringify(storedState(blankState)))), blankState);
});

test('a state that cannot be read is none', () => {
  assert.is(readState(undefined), undefined);
  assert.is(readState({ version: 2 }), undefined);
  assert.is(readState({ ...checkpoint, told: 'gone' }), undefined);
});

test.run();
