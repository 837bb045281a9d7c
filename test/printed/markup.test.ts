import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { durationInWords, escaped, timeInWords } from '../../src/printed/markup.js';

test('durations in the two largest units', () => {
  for (const [ms, words] of [
    [0, 'less than a second'],
    [40_400, '40 seconds'],
    [60_000, '1 minute'],
    [3_725_000, '1 hour 2 minutes'],
    [90_000_000, '1 day 1 hour'],
    [172_800_000, '2 days'],
  ] as const)
    assert.is(durationInWords(ms), words);
});

test('text of others is text', () => {
  assert.is(
    escaped('<b>"O\'Neil" & co</b>\u0000\n\ud800'),
    '&#60;b&#62;&#34;O&#39;Neil&#34; &#38; co&#60;/b&#62; \ufffd',
  );
});

test('a time names its zone', () => {
  assert.is(timeInWords(Date.UTC(2026, 6, 1, 12)), '1 July 2026, 12:00 UTC');
});

test.run();
