import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { connectionCap } from '../src/open-files.js';

test('a quarter of the open files, and at least 64, is left for everything else', () => {
  assert.is(connectionCap(10_000, 160), 96);
  assert.is(connectionCap(10_000, 1_024), 768);
  assert.is(connectionCap(10_000, 1_048_576), 10_000);
  assert.is(connectionCap(10_000, 40), 16);
  assert.is(connectionCap(10_000, undefined), 10_000);
  assert.ok(connectionCap(10_000) >= 16);
});

test.run();
