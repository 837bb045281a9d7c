import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from '../../src/delivery/batch.js';
import { Round } from '../../src/delivery/round.js';

const segment = (...ids: string[]): Item[] => ids.map(id => ({ event: { id } }) as Item);

test('a round is over with the last of its answers, in whatever order they come', () => {
  const segments = [segment('a', 'b'), segment('c'), segment('d')];
  const round = new Round(segments);
  assert.equal([round.width, round.largest, round.isTrial], [3, 2, false]);
  assert.equal(
    round.batches.map(events => events.map(({ id }) => id)),
    [['a', 'b'], ['c'], ['d']],
  );
  assert.is(round.segments, segments);
  assert.equal(
    [30, 10, 20].map(milliseconds => round.answered(milliseconds)),
    [false, false, true],
  );
  assert.equal(round.times, [30, 10, 20]);
  assert.is(round.slowestMs, 30);
});

test('nothing to write is no round', () => {
  for (const round of [new Round([]), new Round()])
    assert.equal([round.width, round.largest, round.slowestMs], [0, 0, 0]);
});

test.run();
