import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BelievedTime } from '../src/believed-time.js';
import { createPrepare } from '../src/delivery/prepare.js';
import { delivery } from './helpers/deliveries.js';

const dayMs = 86_400_000;
const start = 1_700_000_000_000;

function scene() {
  const state = { monotonic: 0, aheadMs: 0 };
  const time = new BelievedTime({
    now: () => start + state.monotonic + state.aheadMs,
    monotonic: () => state.monotonic,
  });
  return { state, time };
}

test('a clock 40 days ahead for half a minute makes nothing too old, whether it came before or meanwhile', async () => {
  const { state, time } = scene();
  const prepare = createPrepare({
    filter: { matches: () => true },
    acceptsText: false,
    firstSeen: async () => new Map(),
    maxAgeMs: 3 * dayMs,
    clock: time,
  });
  for (let second = 0; second < 60; second += 1) {
    state.monotonic = second * 1_000;
    state.aheadMs = second >= 10 && second < 40 ? 40 * dayMs : 0;
    const { items, tooOld } = await prepare([
      delivery(`before ${second}`, { created: start }),
      delivery(`late ${second}`, { created: start - 4 * dayMs }),
    ]);
    assert.equal([items.length, tooOld.length], [1, 1], `second ${second}`);
  }
});

test('what is still to come is judged the other way round: a jump back is doubted, a jump ahead is not', () => {
  const { state, time } = scene();
  state.aheadMs = -40 * dayMs;
  assert.is(time.latest(), start);
  assert.is(time.now(), start - 40 * dayMs);
  state.monotonic = 3_599_000;
  assert.is(time.latest(), start + 3_599_000);
  state.monotonic = 3_600_000;
  assert.is(time.latest(), start + 3_600_000 - 40 * dayMs);
  state.aheadMs = 40 * dayMs;
  assert.is(time.latest(), start + 3_600_000 + 40 * dayMs);
});

test('a jump that lasts is believed in the end, a jump back at once', () => {
  const { state, time } = scene();
  state.aheadMs = 40 * dayMs;
  assert.is(time.now(), start);
  state.monotonic = 3_599_000;
  assert.is(time.now(), start + 3_599_000);
  state.monotonic = 3_600_000;
  assert.is(time.now(), start + 3_600_000 + 40 * dayMs);
  state.aheadMs = 0;
  assert.is(time.now(), start + 3_600_000);
});

test.run();
