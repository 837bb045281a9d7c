import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { comparisonOf } from '../../src/health/comparison.js';
import { patternOf } from '../../src/health/pattern.js';

function found(wanted: unknown, value: unknown): string | undefined {
  const comparison = comparisonOf(wanted);
  if (typeof comparison === 'string') throw new Error(comparison);
  return comparison(value);
}

test('a value is wanted as it is, an operator compares', () => {
  assert.is(found('ok', 'ok'), undefined);
  assert.is(found('ok', 'bad'), 'is "bad" instead of "ok"');
  assert.is(found({ up: false }, { up: false }), undefined);
  assert.is(found({ '>=': 3, '<': 10 }, 3), undefined);
  assert.is(found({ '>=': 3, '<': 10 }, 10), 'is 10 instead of less than 10');
  assert.is(found({ '>': 3 }, undefined), 'is missing instead of more than 3');
  assert.is(found({ '<=': 100 }, '42'), undefined);
  assert.is(found({ '!=': 'bad' }, 'bad'), 'is "bad"');
  assert.is(found({ '~': '^1[.]2' }, '1.23'), undefined);
  assert.is(found({ '~': '^2' }, '1.23'), 'is "1.23", without "^2"');
});

test('a comparison that cannot be made is a problem', () => {
  assert.is(comparisonOf({ '>': '3' }), '> compares with a number');
  assert.is(comparisonOf({ '~': 3 }), '~ takes a regular expression');
  assert.match(String(comparisonOf({ '~': '(a' })), /is not a regular expression of RE2 \(missing closing/);
});

test('an expression takes no more time for a hostile text, and what would is refused', () => {
  assert.not.ok(patternOf('^(a+)+$').foundIn(`${'a'.repeat(60_000)}!`));
  assert.throws(() => patternOf('(?=a)b'), /not a regular expression of RE2/);
  assert.throws(() => patternOf('(a)\\1'), /not a regular expression of RE2/);
  assert.throws(() => patternOf('x'.repeat(201)), /at most 200 characters/);
  assert.ok(patternOf('b').foundIn(`${'a'.repeat(65_535)}b`));
  assert.not.ok(patternOf('b').foundIn(`${'a'.repeat(65_536)}b`));
});

test.run();
