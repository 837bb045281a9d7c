import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { matches } from '../../src/notify/rule.js';

test('patterns', () => {
  for (const [glob, text] of [
    ['*', ''],
    ['*', 'anything'],
    ['clowder', 'Clowder'],
    ['clowder*', 'clowder-2'],
    ['*-db', 'clowder-db'],
    ['c*d*r', 'clowder'],
    ['svc-??', 'svc-01'],
    ['**', 'a'],
    ['*a*a*', 'banana'],
  ] as const)
    assert.ok(matches(glob, text), `${glob} ${text}`);
  for (const [glob, text] of [
    ['', 'a'],
    ['clowder', 'clowder-2'],
    ['svc-??', 'svc-1'],
    ['*-db', 'clowder-dbs'],
    ['a.c', 'abc'],
  ] as const)
    assert.not(matches(glob, text), `${glob} ${text}`);
});

test('a pattern of many stars takes no longer than its length times that of the text', () => {
  assert.not(matches('*a'.repeat(500), 'b'.repeat(1_000)));
});

test.run();
