import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Occurrences } from '../../src/cli/occurrences.js';

test('equal texts are counted, each for itself', () => {
  const occurrences = new Occurrences();
  assert.equal(
    ['aaaaaa', 'bbbbbb', 'aaaaaa', 'aaaaaa', 'bbbbbb'].map(hash => occurrences.next(hash)),
    [0, 0, 1, 2, 1],
  );
});

test('after a million texts, equal ones still have numbers of their own, and the first million is counted as before', () => {
  const occurrences = new Occurrences();
  for (let text = 0; text < 1_000_000; text += 1) occurrences.next(`x${text}`);
  assert.equal(
    ['abcdef1', 'abcdef2', 'abcdef1', '012345', 'x7'].map(hash => occurrences.next(hash)),
    [0, 1, 2, 0, 1],
  );
});

test.run();
