import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isSameEvent } from '../../src/events/same-event.js';

test('two bodies are the same event whatever the order of their members, and but for the time that one was given', () => {
  assert.ok(isSameEvent('{"a":1}', '{"a":1}'));
  assert.ok(isSameEvent('{"a":1,"created":1}', '{"a":1,"created":2}'));
  assert.ok(isSameEvent('{"a":1}', '{"a":1,"created":2}'));
  assert.ok(isSameEvent('{"a":1,"b":2}', ' {"b":2, "a":1}'));
  assert.not.ok(isSameEvent('{"a":1}', '{"a":2}'));
  assert.not.ok(isSameEvent('{"a":1}', '{"a":1,"b":2}'));
  assert.not.ok(isSameEvent('text', 'other text'));
  assert.not.ok(isSameEvent('{}', 'text'));
});

test.run();
