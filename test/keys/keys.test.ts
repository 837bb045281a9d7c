import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatEntry, parseEntries } from '../../src/keys/entries.js';
import { findKey, generateKey, keyEntry, parseScopes } from '../../src/keys/keys.js';

const hex = 'ab'.repeat(32);

test('a generated key is found by the entry made of it, and by nothing else', () => {
  const key = generateKey();
  const text = formatEntry(keyEntry(key, 'clowder', ['publish', 'read']));
  const { entries, problems } = parseEntries(text);
  assert.equal(problems, []);
  const found = findKey(entries, key);
  assert.is(found?.name, 'clowder');
  assert.equal(found?.scopes, ['publish', 'read']);
  assert.is(findKey(entries, `${key}x`), undefined);
  assert.is(findKey(entries, ''), undefined);
  assert.is(findKey([], key), undefined);
});

test('a key has 256 bits and is never the same', () => {
  assert.match(generateKey(), /^es_[\w-]{43}$/);
  assert.is.not(generateKey(), generateKey());
});

test('entries are separated by commas or lines, with comments', () => {
  const text = `# people\nann:read:${hex}  # the page\n\nbob:publish+admin:${'cd'.repeat(32)}, eve:read:${'ef'.repeat(32)}\r\n`;
  const { entries, problems } = parseEntries(text);
  assert.equal(problems, []);
  assert.equal(
    entries.map(entry => entry.name),
    ['ann', 'bob', 'eve'],
  );
  assert.equal(entries[1]?.scopes, ['publish', 'admin']);
});

test('every wrong entry is named by its number, and none is shown', () => {
  const secret = generateKey();
  const text = [secret, `a b:read:${hex}`, `a:write:${hex}`, 'a:read:123', `c:read:${hex}`, `c:read:${hex}`, `a:b:c:d`];
  const { entries, problems } = parseEntries(text.join('\n'));
  assert.is(entries.length, 1);
  assert.equal(
    problems.map(problem => problem.slice(0, 7)),
    ['entry 1', 'entry 2', 'entry 3', 'entry 4', 'entry 6', 'entry 7'],
  );
  assert.not.match(problems.join(), secret);
  assert.equal(parseEntries(' \n# nothing').problems.length, 1);
});

test('scopes are joined by plus', () => {
  assert.equal(parseScopes('admin+publish'), ['publish', 'admin']);
  assert.is(parseScopes('publish+write'), undefined);
  assert.is(parseScopes(''), undefined);
});

test.run();
