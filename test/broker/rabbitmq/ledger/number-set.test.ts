import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NumberSet } from '../../../../src/broker/rabbitmq/ledger/number-set.js';

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }))
  .map(([from, more]) => [from, from + more] as const);
const step = fc.tuple(fc.constantFrom('add', 'remove'), range);

function numbersOf(set: NumberSet): number[] {
  return [...set.ranges()].flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}

test('it is the set that it stands for, whatever is added and removed, and says how many changed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const set = new NumberSet();
      const model = new Set<number>();
      for (const [what, [from, to]] of steps) {
        const before = model.size;
        for (let number = from; number <= to; number += 1) {
          if (what === 'add') model.add(number);
          else model.delete(number);
        }
        const changed = what === 'add' ? set.add(from, to) : set.remove(from, to);
        assert.is(changed, Math.abs(model.size - before));
        assert.is(set.size, model.size);
        assert.equal(
          numbersOf(set),
          [...model].sort((a, b) => a - b),
        );
        for (const number of [from - 1, from, to, to + 1]) assert.is(set.has(number), model.has(number));
        const all = [...set.ranges()];
        assert.not(all.some(([low], index) => index > 0 && all[index - 1]![1] + 1 >= low));
      }
      assert.equal(numbersOf(NumberSet.parse(set.toString())), numbersOf(set));
    }),
  );
});

test('a set without others is what is in none of them; the set itself stays', () => {
  const set = NumberSet.parse('1-10');
  assert.is(set.without(NumberSet.parse('2-3'), NumberSet.parse('3-5,10')).toString(), '1,6-9');
  assert.is(set.toString(), '1-10');
});

test('gaps close from the lowest on, as far as they may, until few enough are left', () => {
  const set = NumberSet.parse('1,3,5,7,9');
  set.closeGaps(3, from => from !== 2);
  assert.is(set.toString(), '1,3-7,9');
  set.closeGaps(1, () => true);
  assert.is(set.toString(), '1-9');
});

test('what is not ranges is refused', () => {
  assert.throws(() => NumberSet.parse('1-x'), /not ranges/);
});

test.run();
