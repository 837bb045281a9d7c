import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, ScratchDatabase, withStorage } from './scratch.js';

test('a job that fails leaves its group without a trace, and the others happen', () => {
  const scratch = new ScratchDatabase();
  scratch.write('declareQueue', { sink: 'a', name: 'a' });
  const outcomes = scratch.group([
    [['publish', columns(1, 2)]],
    [
      ['publish', columns(3, 2)],
      ['publish', { ...columns(5, 1), sinks: [['nobody']] }],
    ],
    [['publish', columns(6, 2)]],
  ]);
  assert.equal(
    outcomes.map(outcome => 'error' in outcome),
    [false, true, false],
  );
  const { rows } = scratch.write('take', { queue: 1, after: 0, count: 10, bytes: 1e6, atLeastOne: true });
  assert.equal(
    rows.map(([, id]) => id),
    ['id-1', 'id-2', 'id-6', 'id-7'],
  );
  assert.is(scratch.read('ledgerReport', { now: scratch.now }).sinks[0]!.accepted, 4);
});

test('what comes at once is one group, and only the culprit is refused', () =>
  withStorage(async storage => {
    await storage.write('declareQueue', { sink: 'a', name: 'a' });
    const results = await Promise.allSettled(
      Array.from({ length: 300 }, (_, index) =>
        storage.write('publish', index === 150 ? { ...columns(index, 1), sinks: [['nobody']] } : columns(index, 1)),
      ),
    );
    assert.equal(
      results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [150],
    );
    const { balanced, sinks } = await storage.ledger();
    assert.ok(balanced);
    assert.is(sinks[0]!.accepted, 299);
  }));

test('operations of one job happen together or not at all', () =>
  withStorage(async storage => {
    const failed = await storage
      .atomically([
        ['putCheckpoint', { key: 'k', value: '1' }],
        ['publish', { ...columns(1, 1), sinks: [['nobody']] }],
      ])
      .catch(error => error);
    assert.is(failed.name, 'UnsupportedError');
    assert.is(await storage.checkpoints.get('k'), undefined);
    const [, value] = await storage.atomically([
      ['putCheckpoint', { key: 'k', value: '1' }],
      ['getCheckpoint', { key: 'k' }],
    ]);
    assert.is(value, '1');
  }));

test.run();
