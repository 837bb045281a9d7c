import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Item } from '../../src/delivery/batch.js';
import { InHand } from '../../src/delivery/in-hand.js';
import { item } from '../helpers/deliveries.js';
import { ManualClock } from '../helpers/manual-clock.js';

function set() {
  const clock = new ManualClock();
  let due = 0;
  const hand = new InHand({ clock, holdMs: 1_000 }, () => {
    due += 1;
  });
  const arrived = (id: string): Item => {
    const one = item(id);
    return { ...one, delivery: { ...one.delivery, arrived: clock.monotonic() } };
  };
  const ids = () => hand.batch?.segments.map(segment => segment.map(({ event }) => event.id).join());
  return { clock, hand, arrived, ids, due: () => due };
}

test('a batch is made of what was fetched ahead, in as many parts at most; what is deferred and due goes first', async () => {
  const { clock, hand, ids, due } = set();
  hand.ahead.push([item('a'), item('b')], [item('c')], [item('d')]);
  hand.deferral.add([item('later')], 100);
  hand.begin(2);
  assert.equal(ids(), ['a,b', 'c']);
  await clock.pass(100);
  assert.is(due(), 1);
  hand.begin(2);
  assert.equal(ids(), ['later']);
  hand.begin(2);
  assert.equal(ids(), ['d']);
  hand.begin(2);
  assert.is(hand.batch, undefined);
});

test('patience ends with the oldest, in the batch or ahead of it, and counts from when it came', async () => {
  const { clock, hand, arrived } = set();
  assert.is(hand.patienceMs, 1_000);
  hand.ahead.push([arrived('a')]);
  await clock.pass(400);
  hand.ahead.push([arrived('b')]);
  assert.is(hand.patienceMs, 600);
  hand.begin(1);
  assert.is(hand.patienceMs, 600);
  await clock.pass(5_000);
  assert.is(hand.patienceMs, 0);
  hand.clear();
  assert.is(hand.patienceMs, 1_000);
  assert.equal(hand.ahead, []);
});

test('patience counts what was deferred, too, until it is taken out', async () => {
  const { clock, hand, arrived } = set();
  const old = arrived('a');
  await clock.pass(300);
  hand.deferral.add([old, arrived('b')], 5_000);
  hand.ahead.push([arrived('c')]);
  assert.is(hand.patienceMs, 700);
  await clock.pass(700);
  assert.is(hand.patienceMs, 0);
  hand.deferral.clear();
  assert.is(hand.patienceMs, 300);
});

test('a broker that waits as long as it takes has no patience to lose', async () => {
  const { clock, hand } = set();
  hand.ahead.push([item('a')]);
  await clock.pass(1_000_000);
  assert.is(hand.patienceMs, 1_000);
});

test('what was in hand for as long as a hold may last is not deferred any more', async () => {
  const { clock, hand, arrived } = set();
  const old = arrived('a');
  await clock.pass(1_000);
  assert.equal(hand.deferral.add([old, arrived('b')], 100), [old]);
});

test.run();
