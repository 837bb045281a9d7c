import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../../src/health/result.js';
import { followedBy, noStreaks, stateAfter, streaksOf } from '../../src/health/streaks.js';

const byLetter: Readonly<Record<string, Finding>> = { u: 'up', g: 'degraded', d: 'down' };

/**
 * The state after each run, by first byLetter (`?` = unknown); a change is in upper
 * case, with the run that it dates from.
 */
function states(runs: string, threshold = { down: 2, up: 2 }): string {
  let observed: Finding | 'unknown' = 'unknown';
  let streaks = noStreaks;
  return [...runs]
    .map((letter, at) => {
      streaks = followedBy(streaks, byLetter[letter]!, at);
      const next = stateAfter(observed, streaks, threshold);
      observed = next?.state ?? observed;
      const shown = { unknown: '?', up: 'u', degraded: 'g', down: 'd' }[observed];
      return next === undefined ? shown : `${shown.toUpperCase()}${next.since}`;
    })
    .join(' ');
}

for (const [runs, expected, why] of [
  ['uuu', '? U0 u', 'up'],
  ['dd', '? D0', 'down'],
  ['gg', '? G0', 'degraded'],
  ['dgdgdg', '? G0 g g g g', 'down and degraded in turn'],
  ['gdgdgd', '? G0 g g g g', 'degraded and down in turn'],
  ['ududud', '? U0 u u u u', 'up and down in turn: never down twice in a row'],
  ['uudgdg', '? U0 u G2 g g', 'down and degraded in turn, from up'],
  ['uugdd', '? U0 u G2 D3', 'degraded, and then down'],
  ['uuddgdgg', '? U0 u D2 d d d G6', 'one better run changes nothing, two do'],
  ['ddgugu', '? D0 d G2 g g', 'degraded and up in turn, from down: the worst of them'],
  ['ddguu', '? D0 d G2 U3', 'degraded, and then up'],
  ['dduduu', '? D0 d d d U4', 'one good run changes nothing'],
  ['ggudud', '? G0 g g g g', 'up and down in turn, from degraded: neither better nor worse'],
  ['uudud', '? U0 u u u', 'fails now and then'],
] as const)
  test(`${why}: ${runs}`, () => {
    assert.is(states(runs), expected);
  });

test('each direction has its own threshold', () => {
  assert.is(states('udduuu', { down: 1, up: 3 }), 'U0 D1 d d d U3');
  assert.is(states('uuudddgd', { down: 3, up: 1 }), '? ? U0 u u D3 G6 g');
});

test('over any runs the state is what the last ones have in common', () => {
  const rank = { unknown: 0, up: 0, degraded: 1, down: 2 };
  const finding = fc.constantFrom<Finding>('up', 'degraded', 'down');
  const count = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 40 }), count, count, (runs, down, up) => {
      let observed: Finding | 'unknown' = 'unknown';
      let streaks = noStreaks;
      for (const [index, run] of runs.entries()) {
        const seen = runs.slice(0, index + 1);
        const mildest = Math.min(...seen.slice(-down).map(one => rank[one]));
        const worst = Math.max(...seen.slice(-up).map(one => rank[one]));
        streaks = followedBy(streaks, run, index);
        const before: number = rank[observed];
        const next = stateAfter(observed, streaks, { down, up });
        const expected: number =
          seen.length >= down && (observed === 'unknown' || mildest > before)
            ? mildest
            : observed !== 'unknown' && seen.length >= up && worst < before
              ? worst
              : before;
        observed = next?.state ?? observed;
        assert.is(rank[observed], expected);
        if (next === undefined) continue;
        const since = seen.slice(next.since).map(one => rank[one]);
        if (expected > before) assert.ok(since.every(one => one >= expected));
        if (expected < before) assert.ok(since.every(one => one <= expected));
        assert.ok(since.length >= (expected < before ? up : down));
      }
    }),
  );
});

test('the streaks of equal runs are those that following them gives', () => {
  for (const finding of ['up', 'degraded', 'down'] as const) {
    let streaks = noStreaks;
    for (const at of [5, 6, 7]) streaks = followedBy(streaks, finding, at);
    assert.equal(streaksOf(finding, 3, 5), streaks);
  }
});

test.run();
