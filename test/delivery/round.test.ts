import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from '../../src/delivery/batch.js';
import { Round } from '../../src/delivery/round.js';

const segment = (...ids: string[]): Item[] => ids.map(id => ({ event: { id } }) as Item);

test('a round is over with the last of its answers, in whatever order they come', () => {
  const segments = [segment('a', 'b'), segment('c'), segment('d')];
  const round = new Round(segments);
  assert.is(round.isEmpty, false);
  assert.equal(
    round.batches.map(events => events.map(({ id }) => id)),
    [['a', 'b'], ['c'], ['d']],
  );
  assert.is(round.of(1), segments[1]);
  assert.is(round.of(3), undefined);
  assert.equal(
    [30, 10, 20].map(milliseconds => round.answered(milliseconds)),
    [false, false, true],
  );
  assert.equal(round.times, [30, 10, 20]);
});

test('nothing to write is no round', () => {
  assert.ok(new Round([]).isEmpty);
  assert.ok(new Round().isEmpty);
});

test.run();
