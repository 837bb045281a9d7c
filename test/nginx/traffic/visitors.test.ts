import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { VisitorKeys } from '../../../src/nginx/traffic/visitors.js';

const day = 86_400_000;
const address = '203.0.113.9';
const agent = 'Firefox';

/** Keys whose salts outlive them, and a clock that is moved on by hand. */
function scene() {
  const stored = new Map<string, string>();
  const keyValues = {
    get: async (keys: readonly string[]) =>
      new Map(keys.flatMap(key => (stored.has(key) ? [[key, stored.get(key)!]] : []))),
    put: async (entries: readonly (readonly [string, string])[]) => {
      for (const [key, value] of entries) stored.set(key, value);
    },
  };
  const at = { now: Date.UTC(2024, 2, 5, 12) };
  const clock = { now: () => at.now, monotonic: () => 0, sleep: async () => {} };
  return { at, stored, open: () => new VisitorKeys(keyValues, clock) };
}

test('visitors keep their key for a day, and no longer', async () => {
  const { at, stored, open } = scene();
  const first = open();
  const today = first.keyOf(at.now, address, agent);
  assert.is(first.keyOf(at.now + 3_600_000, address, agent), today);
  assert.is.not(first.keyOf(at.now, '203.0.113.10', agent), today);
  assert.is.not(first.keyOf(at.now + day, address, agent), today);
  assert.is(first.keyOf(at.now, address, agent), today, 'after a line of another day');
  await first.save();
  const again = open();
  await again.load();
  assert.is(again.keyOf(at.now, address, agent), today, 'after a restart');
  at.now += 3 * day;
  again.keyOf(at.now, address, agent);
  await again.save();
  assert.is((JSON.parse(stored.get('salts')!) as unknown[]).length, 1, 'old salts are gone');
});

test('a salt that is too old is used no more from the next save on, also where it was the last to be asked for', async () => {
  const { at, open } = scene();
  const then = at.now;
  const keys = open();
  const old = keys.keyOf(then, address, agent);
  await keys.save();
  at.now += 3 * day;
  keys.keyOf(at.now, address, agent);
  assert.is(keys.keyOf(then, address, agent), old);
  assert.not(keys.isLate(then));
  await keys.save();
  assert.ok(keys.isLate(then));
  assert.is.not(keys.keyOf(then, address, agent), old);
});

test.run();
