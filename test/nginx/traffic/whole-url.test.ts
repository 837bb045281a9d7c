import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { wholeUrls } from '../../../src/nginx/traffic/whole-url.js';

for (const [clowderUrl, target, url] of [
  [undefined, '/datasets/1?a=b', '/datasets/1?a=b'],
  ['https://h.example', '/datasets/1?a=b', 'https://h.example/datasets/1?a=b'],
  ['https://h.example:8443', '/', 'https://h.example:8443/'],
  ['https://h.example/clowder', '/clowder/datasets/1', 'https://h.example/clowder/datasets/1'],
  ['https://h.example/clowder', '/clowder?a=b', 'https://h.example/clowder?a=b'],
  ['https://h.example/clowder', '/clowder', 'https://h.example/clowder'],
  // A proxy in front of nginx took the path off.
  ['https://h.example/clowder', '/datasets/1', 'https://h.example/clowder/datasets/1'],
  ['https://h.example/clowder', '/clowderly', 'https://h.example/clowder/clowderly'],
] as const) {
  test(`${target} at ${clowderUrl ?? 'a Clowder that nobody named'}`, () => {
    assert.is(wholeUrls(clowderUrl)(target), url);
  });
}

test.run();
