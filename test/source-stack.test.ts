import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { programFile } from '../src/program-files.js';
import { sourcePositions, sourceStack } from '../src/source-stack.js';

/** As V8 says it: where it runs. */
function rawStack(): string {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (error, frames) => [error, ...frames.map(frame => `    at ${frame}`)].join('\n');
  const { stack = '' } = new Error('here');
  Error.prepareStackTrace = before;
  return stack;
}

test('a stack names the places in the sources', () => {
  const raw = rawStack();
  assert.match(raw, /dist\/test\/source-stack\.test\.js:\d+:\d+/);
  const [first, second] = sourceStack(raw).split('\n');
  assert.is(first, 'Error: here');
  assert.ok(second?.startsWith(`    at rawStack (${programFile('test/source-stack.test.ts').href}:11:`), second);
});

test('a place is looked up once: errors that come in numbers do not read maps again', () => {
  const { href: url } = programFile('dist/test/source-stack-example.js');
  const map = new URL(`${url}.map`);
  // Its first character comes from the second line of its source.
  writeFileSync(map, '{"version":3,"sources":["example.ts"],"names":[],"mappings":"AACA"}');
  const source = { url: new URL('example.ts', url).href, line: 1, column: 0 };
  try {
    assert.equal(sourcePositions([{ url, line: 0, column: 0 }]), [source]);
  } finally {
    rmSync(map);
  }
  assert.equal(sourcePositions([{ url, line: 0, column: 0 }]), [source]);
});

test('a stack without places in files stays as it is', () => {
  const stack =
    'Error: file:///tmp/x.js:1:2 is no module\n    at node:internal/timers:1:2\n    at f (file:///none.js:3:4)';
  assert.is(sourceStack(stack), stack);
});

test('a place that no map speaks of stays as it is', () => {
  const places = [
    { url: 'node:internal/timers', line: 1, column: 2 },
    { url: '', line: 3, column: 4 },
    { url: programFile('dist/src/no-such-file.js').href, line: 5, column: 6 },
  ];
  assert.equal(sourcePositions(places), places);
});

test.run();
