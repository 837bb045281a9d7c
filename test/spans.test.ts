import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cutInto, laidOver, type Span, within } from '../src/spans.js';

const length = 24;

/** Spans from one letter for each unit of time; a dot is nothing. */
function spans(letters: string): Span[] {
  const found: Span[] = [];
  for (const [at, state] of [...letters].entries()) {
    const last = found.at(-1);
    if (state === '.') continue;
    if (last?.state === state && last.until === at) found[found.length - 1] = { ...last, until: at + 1 };
    else found.push({ from: at, until: at + 1, state });
  }
  return found;
}

function letters(list: readonly Span[]): string {
  const units = Array.from({ length }, () => '.');
  for (const { from, until, state } of list) units.fill(state, from, until);
  return units.join('');
}

const line = fc
  .array(fc.constantFrom('a', 'a', 'b', '.', '.'), { minLength: length, maxLength: length })
  .map(units => units.join(''));

test('what is laid over holds; the rest stays, and neighbours of one state are one', () => {
  assert.equal(letters(laidOver(spans('aaaaaa..bbbb'), spans('..bb.....a..'))).slice(0, 12), 'aabbaa..babb');
  assert.equal(laidOver(spans('aaa'), spans('...aaa')), [{ from: 0, until: 6, state: 'a' }]);
  assert.equal(laidOver([{ from: 0, until: 9, state: 'a', reason: 'first' }], [{ from: 9, until: 12, state: 'a' }]), [
    { from: 0, until: 12, state: 'a', reason: 'first' },
  ]);
});

test('any two lists, unit by unit', () => {
  fc.assert(
    fc.property(line, line, (lower, upper) => {
      const expected = [...upper].map((letter, at) => (letter === '.' ? lower[at] : letter)).join('');
      const result = laidOver(spans(lower), spans(upper));
      assert.is(letters(result), expected);
      assert.equal(result, spans(expected));
    }),
  );
});

test('cut at the borders of periods', () => {
  fc.assert(
    fc.property(line, fc.uniqueArray(fc.integer({ min: 0, max: length }), { minLength: 2 }), (text, borders) => {
      const sorted = borders.sort((a, b) => a - b);
      const periods = sorted.slice(1).map((until, place) => ({ from: sorted[place] as number, until }));
      const cut = cutInto(spans(text), periods);
      assert.equal(
        cut,
        periods.map(({ from, until }) => within(spans(text), from, until)),
      );
      for (const [place, { from, until }] of periods.entries())
        assert.is(letters(cut[place] as Span[]).slice(from, until), text.slice(from, until));
    }),
  );
});

test.run();
