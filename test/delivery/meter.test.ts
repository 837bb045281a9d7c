import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SettledCounters } from '../../src/delivery/meter.js';
import { delivery } from '../helpers/deliveries.js';

const deliveries = (count: number) => Array.from({ length: count }, (_, index) => delivery(String(index)));
const dead = (count: number) =>
  deliveries(count).map(one => ({ delivery: one, reason: 'bad', fault: 'poison' as const, attempts: 1 }));

test('settlements add up per sink; duplicates and filtered events do not count as delivered', () => {
  const counters = new SettledCounters();
  counters.add('mongodb', { done: deliveries(10), duplicates: 2, filtered: 3, tooOld: 1, dead: dead(1) });
  counters.add('mongodb', { done: deliveries(4), duplicates: 0, filtered: 0, dead: [] });
  counters.add('local', { done: [], duplicates: 0, filtered: 0, dead: dead(2) });
  assert.equal(counters.of('mongodb'), { delivered: 8, duplicates: 2, filtered: 3, too_old: 1, dead: 1 });
  assert.equal(counters.of('local'), { delivered: 0, duplicates: 0, filtered: 0, too_old: 0, dead: 2 });
});

test('a sink that has settled nothing has zeros', () => {
  assert.equal(new SettledCounters().of('new'), { delivered: 0, duplicates: 0, filtered: 0, too_old: 0, dead: 0 });
});

test.run();
