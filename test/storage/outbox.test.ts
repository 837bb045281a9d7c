import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, ScratchDatabase } from './scratch.js';

const maxBytes = 1_000_000;

test('keeps messages in order until they are removed', () => {
  const scratch = new ScratchDatabase();
  scratch.write('appendOutbox', { ...columns(1, 3), target: null, maxBytes });
  scratch.write('appendOutbox', { ...columns(4, 2), target: 'elsewhere', maxBytes });
  const first = scratch.write('takeOutbox', { limit: 4, after: 0 });
  assert.equal(
    first.map(([, target, id]) => [target, id]),
    [
      [null, 'id-1'],
      [null, 'id-2'],
      [null, 'id-3'],
      ['elsewhere', 'id-4'],
    ],
  );
  assert.is(scratch.write('takeOutbox', { limit: 4, after: first.at(-1)![0] }).length, 1);
  scratch.write('removeOutbox', { seqs: first.map(([seq]) => seq) });
  const { count, bytes } = scratch.read('outboxSize');
  assert.is(count, 1);
  assert.is(bytes, Buffer.byteLength(columns(5, 1).bodies[0]!));
  scratch.write('removeOutbox', { seqs: [first[0]![0], 5] });
  assert.equal(scratch.read('outboxSize'), { count: 0, bytes: 0, setAside: 0 });
});

test('rows of targets that are left out are passed over, and counted when asked', () => {
  const scratch = new ScratchDatabase();
  for (const [index, target] of ['one', null, 'two', 'one', null].entries())
    scratch.write('appendOutbox', { ...columns(index + 1, 1), target, maxBytes });
  const ids = (except: (string | null)[], after = 0): string[] =>
    scratch.write('takeOutbox', { limit: 10, after, except }).map(([, , id]) => id);
  assert.equal(ids([]), ['id-1', 'id-2', 'id-3', 'id-4', 'id-5']);
  assert.equal(ids(['one']), ['id-2', 'id-3', 'id-5']);
  assert.equal(ids([null, 'two'], 1), ['id-4']);
  assert.equal(ids(['one', 'two', null, 'unknown']), []);
  scratch.write('setAsideOutbox', { seqs: [1] });
  assert.is(scratch.write('countOutbox', { targets: ['one', null, 'unknown'] }), 3);
});

test('what is set aside is out of the way, still counts its bytes, and comes back to its place', () => {
  const scratch = new ScratchDatabase();
  scratch.write('appendOutbox', { ...columns(1, 3), target: null, maxBytes });
  const { bytes } = scratch.read('outboxSize');
  assert.equal(scratch.write('setAsideOutbox', { seqs: [2, 2, 99] }), { count: 2, bytes, setAside: 1 });
  const ids = (): string[] => scratch.write('takeOutbox', { limit: 10, after: 0 }).map(([, , id]) => id);
  assert.equal(ids(), ['id-1', 'id-3']);
  assert.equal(scratch.write('restoreOutbox'), { count: 3, bytes, setAside: 0 });
  assert.equal(ids(), ['id-1', 'id-2', 'id-3']);
});

test('refuses what would pass the cap, whole', () => {
  const scratch = new ScratchDatabase();
  const size = Buffer.byteLength(columns(1, 1).bodies[0]!);
  scratch.write('appendOutbox', { ...columns(1, 1), target: null, maxBytes: 2 * size });
  let error: unknown;
  try {
    scratch.write('appendOutbox', { ...columns(2, 2), target: null, maxBytes: 2 * size });
  } catch (thrown) {
    error = thrown;
  }
  assert.is((error as Error).name, 'FullError');
  assert.is(scratch.read('outboxSize').count, 1);
  scratch.write('appendOutbox', { ...columns(2, 1), target: null, maxBytes: 2 * size });
});

test.run();
