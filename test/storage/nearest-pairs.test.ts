import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nearestPairs, type Timed } from '../../src/storage/nearest-pairs.js';

const named = (letter: string, times: readonly number[]): Timed[] =>
  times.map((at, index) => ({ at, id: `${letter}${String(index).padStart(3, '0')}` }));

/** From the description: every pair is looked at, the best one is taken, and again. */
function naivePairs(left: readonly Timed[], right: readonly Timed[], windowMs: number): string[] {
  const order = [...left.map(one => ({ one, side: 0 })), ...right.map(one => ({ one, side: 1 }))].sort(
    (a, b) => a.one.at - b.one.at || (a.one.id < b.one.id ? -1 : a.one.id > b.one.id ? 1 : a.side - b.side),
  );
  const rank = (one: Timed, side: number): number => order.findIndex(place => place.one === one && place.side === side);
  const all = left
    .flatMap(one => right.map(other => ({ one, other, places: [rank(one, 0), rank(other, 1)] })))
    .filter(({ one, other }) => Math.abs(one.at - other.at) <= windowMs)
    .sort(
      (a, b) =>
        Math.abs(a.one.at - a.other.at) - Math.abs(b.one.at - b.other.at) ||
        Math.abs(a.places[0]! - a.places[1]!) - Math.abs(b.places[0]! - b.places[1]!) ||
        Math.min(...a.places) - Math.min(...b.places),
    );
  const taken = new Set<Timed>();
  const pairs: string[] = [];
  for (const { one, other } of all) {
    if (taken.has(one) || taken.has(other)) continue;
    taken.add(one).add(other);
    pairs.push(`${one.id} ${other.id}`);
  }
  return pairs.sort();
}

const tables: readonly (readonly [what: string, left: number[], right: number[], expected: string])[] = [
  ['the nearest, not the first', [0, 50], [51], 'l001 r000'],
  ['at the edge of the window', [0], [60], 'l000 r000'],
  ['beyond it', [0], [61], ''],
  ['whoever is left may still have a partner', [0, 10, 20], [11, 22], 'l001 r000, l002 r001'],
  ['across one that is taken', [0, 30], [29, 40], 'l000 r001, l001 r000'],
  ['at the same time', [5, 5], [5], 'l001 r000'],
  ['nothing on one side', [1, 2], [], ''],
  ['the earlier one of two that are as near', [0, 10], [5], 'l000 r000'],
];

for (const [what, left, right, expected] of tables) {
  test(`the nearest two are a pair: ${what}`, () => {
    const pairs = nearestPairs(named('l', left), named('r', right), 60).map(([one, other]) => `${one.id} ${other.id}`);
    assert.is(pairs.sort().join(', '), expected);
  });
}

test('the same pairs as of whoever looks at all of them, in any order', () => {
  const times = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 25 });
  fc.assert(
    fc.property(times, times, fc.integer({ min: 0, max: 100 }), fc.integer(), (some, others, windowMs, seed) => {
      const [left, right] = [named('l', some), named('r', others)];
      const shuffled = <T>(list: readonly T[]): T[] =>
        fc.sample(fc.shuffledSubarray([...list], { minLength: list.length }), { seed, numRuns: 1 })[0]!;
      const pairs = nearestPairs(shuffled(left), shuffled(right), windowMs).map(
        ([one, other]) => `${one.id} ${other.id}`,
      );
      assert.equal(pairs.sort(), naivePairs(left, right, windowMs));
    }),
    { numRuns: 300 },
  );
});

test('a hundred thousand at one time cost no more than they must', () => {
  const many = (letter: string): Timed[] =>
    named(
      letter,
      Array.from({ length: 50_000 }, (_, index) => index % 7),
    );
  assert.is(nearestPairs(many('l'), many('r'), 10).length, 50_000);
});

test.run();
