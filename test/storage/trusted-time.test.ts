import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TrustedTime } from '../../src/storage/trusted-time.js';

const dayMs = 86_400_000;

/** A clock that goes on by what a test says. */
function clock() {
  const at = { wall: 1_700_000_000_000, monotonic: 0 };
  const time = new TrustedTime({ now: () => at.wall, monotonic: () => at.monotonic });
  return (ms: number, jumpMs = 0) => {
    at.monotonic += ms;
    at.wall += ms + jumpMs;
    const reading = time.read();
    return reading.trusted ? reading.now === at.wall : reading.jumpMs;
  };
}

test('two intervals in which both clocks agree are enough', () => {
  const after = clock();
  assert.equal([after(30_000), after(30_000), after(30_000)], [0, true, true]);
});

test('small steps are drift', () => {
  const after = clock();
  assert.equal([after(30_000, 4_000), after(30_000, -4_000), after(30_000, 5_000)], [0, true, true]);
});

test('a jump that lasts half a minute is never believed, whenever it begins', () => {
  const after = clock();
  after(30_000);
  after(30_000);
  assert.is(after(30_000, 40 * dayMs), 40 * dayMs);
  assert.is(after(30_000, -40 * dayMs), -40 * dayMs);
  assert.is(after(30_000), 0);
  assert.is(after(30_000), true);
});

test('a jump that stays is believed after two more intervals, ahead and back', () => {
  for (const jump of [40 * dayMs, -40 * dayMs]) {
    const after = clock();
    assert.equal([after(30_000), after(30_000), after(30_000, jump)], [0, true, jump]);
    assert.equal([after(30_000), after(30_000)], [0, true]);
  }
});

test.run();
