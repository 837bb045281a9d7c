import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { halves } from '../src/halves.js';

test('in order, nothing lost, the former longer by one where the number is odd', () => {
  assert.equal(halves([1, 2, 3, 4]), [
    [1, 2],
    [3, 4],
  ]);
  assert.equal(halves([1, 2, 3]), [[1, 2], [3]]);
  assert.equal(halves([1]), [[1], []]);
  assert.equal(halves([]), [[], []]);
});

test.run();
