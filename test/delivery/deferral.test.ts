import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Deferral } from '../../src/delivery/deferral.js';
import { item } from '../helpers/deliveries.js';
import { ManualClock } from '../helpers/manual-clock.js';

function set() {
  const clock = new ManualClock();
  let due = 0;
  const deferral = new Deferral(clock, 1_000, () => {
    due += 1;
  });
  const taken = (): string[] | undefined => deferral.take()?.map(({ event }) => event.id);
  return { clock, deferral, taken, due: () => due };
}

test('a group comes out once it is due, and not before', async () => {
  const { clock, deferral, taken, due } = set();
  deferral.add([item('a'), item('b')], 100);
  await clock.pass(99);
  assert.is(due(), 0);
  assert.is(taken(), undefined);
  await clock.pass(1);
  assert.is(due(), 1);
  assert.equal(taken(), ['a', 'b']);
  assert.is(taken(), undefined);
});

test('of several groups each has its own time; those that are due come in the order they were added', async () => {
  const { clock, deferral, taken } = set();
  deferral.add([item('late')], 300);
  deferral.add([item('first')], 200);
  deferral.add([item('second')], 100);
  await clock.pass(200);
  assert.equal([taken(), taken(), taken()], [['first'], ['second'], undefined]);
  await clock.pass(100);
  assert.equal(taken(), ['late']);
});

test('what was deferred for as long as a hold may last is given back', async () => {
  const { clock, deferral, taken } = set();
  const patient = item('patient');
  assert.equal(deferral.add([patient], 900), []);
  await clock.pass(900);
  assert.equal(taken(), ['patient']);
  assert.equal(deferral.add([patient], 100), []);
  await clock.pass(100);
  assert.equal(taken(), ['patient']);
  assert.equal(deferral.add([patient, item('new')], 100), [patient]);
  await clock.pass(100);
  assert.equal(taken(), ['new']);
});

test('an empty group is never due', async () => {
  const { clock, deferral, due } = set();
  deferral.add([], 0);
  await clock.pass(1);
  assert.is(due(), 0);
  assert.is(clock.sleeping, 0);
});

test('clearing forgets what waits and what is due, and leaves no timer; later groups wait as before', async () => {
  const { clock, deferral, taken, due } = set();
  deferral.add([item('due')], 10);
  await clock.pass(10);
  deferral.add([item('waiting')], 10);
  deferral.clear();
  assert.is(clock.sleeping, 0);
  await clock.pass(10);
  assert.is(due(), 1);
  assert.is(taken(), undefined);
  deferral.add([item('later')], 10);
  await clock.pass(10);
  assert.equal(taken(), ['later']);
});

test.run();
