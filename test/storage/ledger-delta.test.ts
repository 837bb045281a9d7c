import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hourMs, LedgerDelta, totalHour } from '../../src/storage/ledger-delta.js';
import { ScratchDatabase } from './scratch.js';

const now = 1_700_000_000_000;
const hour = now - (now % hourMs);

/** As many queues as names. */
function withQueues(...sinks: string[]) {
  const scratch = new ScratchDatabase();
  for (const [index, sink] of sinks.entries()) scratch.write('declareQueue', { name: `queue-${index}`, sink });
  const ledger = () =>
    scratch.database.rows<[string, number, number, number, number, number, number]>(
      'SELECT sink, hour, accepted, delivered, duplicates, filtered, dead FROM ledger ORDER BY sink, hour',
    );
  return { database: scratch.database, ledger };
}

test('nothing is written before it is time, and nothing at all for no change', () => {
  const { database, ledger } = withQueues('mongodb');
  const delta = new LedgerDelta();
  delta.write(database, now);
  assert.equal(ledger(), []);
  delta.add('mongodb', { accepted: 1 });
  assert.equal(ledger(), []);
});

test('changes of one sink add up to one row of the hour and one of the totals', () => {
  const { database, ledger } = withQueues('mongodb');
  const delta = new LedgerDelta();
  delta.add('mongodb', { accepted: 5 });
  delta.add('mongodb', { delivered: 2, duplicates: 1 });
  delta.add('mongodb', { filtered: 1, dead: 1, accepted: -1 });
  delta.write(database, now);
  assert.equal(ledger(), [
    ['mongodb', totalHour, 4, 2, 1, 1, 1],
    ['mongodb', hour, 4, 2, 1, 1, 1],
  ]);
});

test('what was written is not written again, and the next hour has a row of its own', () => {
  const { database, ledger } = withQueues('mongodb');
  const delta = new LedgerDelta();
  delta.add('mongodb', { accepted: 1 });
  delta.write(database, now);
  delta.write(database, now);
  delta.add('mongodb', { accepted: 2 });
  delta.write(database, now + hourMs);
  assert.equal(ledger(), [
    ['mongodb', totalHour, 3, 0, 0, 0, 0],
    ['mongodb', hour, 1, 0, 0, 0, 0],
    ['mongodb', hour + hourMs, 2, 0, 0, 0, 0],
  ]);
});

test('a cleared delta is empty', () => {
  const { database, ledger } = withQueues('mongodb');
  const delta = new LedgerDelta();
  delta.add('mongodb', { dead: 1 });
  delta.clear();
  delta.write(database, now);
  assert.equal(ledger(), []);
});

test.run();
