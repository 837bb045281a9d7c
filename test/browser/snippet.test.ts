import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

// What it does is tried in a browser: test/integration/browser/snippet.test.ts.
const snippet = readFileSync(new URL('../../src/browser/snippet/snippet.js', import.meta.url), 'utf8');

test('it is one script of at most 2,048 bytes', () => {
  assert.ok(Buffer.byteLength(snippet) <= 2_048, `${Buffer.byteLength(snippet)} bytes`);
  assert.not.match(snippet, /\b(?:import|export)\b/);
});

test('it sets no cookie', () => {
  assert.not.match(snippet, /cookie/i);
});

test.run();
