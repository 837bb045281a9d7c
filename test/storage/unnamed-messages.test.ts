import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ScratchDatabase } from './scratch.js';

const dayMs = 86_400_000;
const queue = 'q';

/** Names messages with the same bytes, one for each id. */
function named(
  scratch: ScratchDatabase,
  redelivered: boolean,
  fresh: string[],
  held: string[] = [],
  hash = 'h',
): string[] {
  return scratch.write('nameMessages', {
    queue,
    messages: fresh.map(id => ({ hash, redelivered, fresh: id })),
    held,
  });
}

test('what is not redelivered is new, however many equal ones there are', () => {
  const scratch = new ScratchDatabase();
  assert.equal(named(scratch, false, ['a', 'b']), ['a', 'b']);
  assert.equal(named(scratch, false, ['c']), ['c']);
});

test('a redelivery takes an id that is free; without one it is new', () => {
  const scratch = new ScratchDatabase();
  named(scratch, false, ['a', 'b', 'c']);
  assert.equal(named(scratch, true, ['x', 'y', 'z', 'w']), ['a', 'b', 'c', 'w']);
  assert.equal(named(scratch, true, ['v'], ['a', 'c', 'w']), ['b']);
});

test('other bytes and other queues have other ids', () => {
  const scratch = new ScratchDatabase();
  named(scratch, false, ['a']);
  assert.equal(named(scratch, true, ['x'], [], 'other'), ['x']);
  const messages = [{ hash: 'h', redelivered: true, fresh: 'y' }];
  assert.equal(scratch.write('nameMessages', { queue: 'other', messages, held: [] }), ['y']);
});

test('an id whose acknowledgement was sent is taken only by a message that nothing else can be', () => {
  const scratch = new ScratchDatabase();
  named(scratch, false, ['a']);
  scratch.write('acknowledgeUnnamed', { queue, ids: ['a'] });
  assert.equal(scratch.write('acknowledgedUnnamed', { queue }), [['a', 'h']]);
  assert.equal(named(scratch, true, ['x', 'y']), ['x', 'y']);
  scratch.write('forgetUnnamed', { queue, ids: ['x', 'y'] });
  assert.equal(named(scratch, true, ['z']), ['a']);
  assert.equal(scratch.write('acknowledgedUnnamed', { queue }), []);
});

test('what was settled is forgotten, and everything after a day', () => {
  const scratch = new ScratchDatabase();
  named(scratch, false, ['a', 'b']);
  scratch.write('forgetUnnamed', { queue, ids: ['a'] });
  assert.equal(named(scratch, true, ['x']), ['b']);
  scratch.now += dayMs;
  assert.equal(named(scratch, true, ['y']), ['y']);
  assert.is(scratch.write('trimUnnamed', { limit: 10 }), 1);
  assert.is(scratch.database.value<number>('SELECT count(*) FROM unnamed_messages'), 1);
});

test.run();
