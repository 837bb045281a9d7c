import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { durationInWords } from '../../src/duration-words.js';
import { timeInWords } from '../../src/notify/times.js';

test('a time has its zone', () => {
  const at = Date.UTC(2026, 6, 14, 8, 4, 5);
  assert.is(timeInWords(at, 'UTC'), '14 Jul 2026, 08:04:05 UTC');
  assert.is(timeInWords(at, 'Europe/London'), '14 Jul 2026, 09:04:05 BST');
  assert.match(timeInWords(at, 'America/Chicago'), /^14 Jul 2026, 03:04:05 (CDT|GMT-5)$/);
});

test('durations in two units', () => {
  assert.equal([0, 400, 1_000, 59_600, 61_000, 3_600_000, 7_500_000, 90_061_000].map(durationInWords), [
    'less than a second',
    'less than a second',
    '1 s',
    '1 min',
    '1 min 1 s',
    '1 h',
    '2 h 5 min',
    '1 d 1 h',
  ]);
});

test.run();
