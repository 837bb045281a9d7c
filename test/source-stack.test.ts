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
  assert.ok(second?.startsWith(`    at rawStack (${programFile('test/source-stack.test.ts').href}:10:`), second);
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
