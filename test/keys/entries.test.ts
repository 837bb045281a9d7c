import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatEntry, parseEntries, parseExpiry } from '../../src/keys/entries.js';

const hex = 'ab'.repeat(32);

test('an entry carries an expiry, origins, a quota and a concurrency, and is written as it is read', () => {
  const text = `portal:collect:${hex}:expires=2026-12-31T18:00:00.000Z;origin=https://a.example.org;origin=http://localhost:8000;quota=60;concurrency=4`;
  const { entries, problems } = parseEntries(text);
  assert.equal(problems, []);
  const { hash: _, ...key } = entries[0]!;
  assert.equal(key, {
    name: 'portal',
    scopes: ['collect'],
    expires: Date.UTC(2026, 11, 31, 18),
    origins: ['https://a.example.org', 'http://localhost:8000'],
    quota: 60,
    concurrency: 4,
  });
  assert.is(formatEntry(entries[0]!), text);
});

test('a date counts to its end, a time has a zone', () => {
  assert.is(parseExpiry('2026-12-31'), Date.UTC(2027, 0, 1));
  assert.is(parseExpiry('2026-12-31T18:00:00+01:00'), Date.UTC(2026, 11, 31, 17));
  for (const wrong of ['2026-02-30', '2026-12-31T18:00:00', '31.12.2026', '1798761600000', '', 'never'])
    assert.is(parseExpiry(wrong), undefined, wrong);
});

test('the last day that there is can be written down and read again', () => {
  const expires = parseExpiry('9999-12-31')!;
  const entry = formatEntry({ name: 'x', scopes: ['read'], expires, hash: Buffer.from(hex, 'hex') });
  assert.is(parseEntries(entry).entries[0]?.expires, expires);
});

test('a wrong option is named by what is wrong, with its line', () => {
  const wrong: readonly [option: string, words: RegExp][] = [
    [':expires=tomorrow', /expires that is not a date/],
    [':origin=portal', /origin that is not an origin/],
    [':quota=0', /quota that is not a whole number/],
    [':concurrency=x', /concurrency that is not a whole number/],
    [':colour=blue', /unknown option/],
    [':', /unknown option/],
  ];
  for (const [option, words] of wrong) {
    const { entries, problems } = parseEntries(`# keys\nann:read:${hex}${option}`, 'line');
    assert.equal(entries, [], option);
    assert.match(problems[0] ?? '', words);
    assert.match(problems[0] ?? '', /^line 2 /);
  }
});

test('a key that stands in a web page collects, on pages of its own, and does nothing else', () => {
  const problemOf = (entry: string): string => parseEntries(entry).problems[0] ?? '';
  assert.match(problemOf(`portal:collect+read:${hex}:origin=https://a`), /collect alone/);
  assert.match(problemOf(`portal:collect:${hex}`), /no origin/);
  assert.is(problemOf(`portal:collect:${hex}:origin=https://a`), '');
});

test.run();
