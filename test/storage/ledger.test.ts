import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columns, ScratchDatabase } from './scratch.js';

const hourMs = 3_600_000;

test('counts by hour for 48 hours, and in total for ever', () => {
  const scratch = new ScratchDatabase();
  scratch.now = 1000 * hourMs;
  scratch.write('declareQueue', { sink: 'a', name: 'a' });
  for (let hour = 0; hour < 60; hour += 1) {
    scratch.write('publish', columns(hour * 2, 2));
    scratch.now += hourMs;
  }
  scratch.write('trimLedger', { now: scratch.now });
  const report = scratch.read('ledgerReport', { now: scratch.now });
  assert.is(report.sinks[0]!.accepted, 120);
  assert.is(report.hours.length, 47);
  assert.ok(report.hours.every(({ accepted, hour }) => accepted === 2 && hour! % hourMs === 0));
  assert.ok(scratch.database.value<number>('SELECT count(*) FROM ledger')! < 55);
});

test('an imbalance shows', () => {
  const scratch = new ScratchDatabase();
  scratch.write('declareQueue', { sink: 'a', name: 'a' });
  scratch.write('publish', columns(1, 3));
  assert.ok(scratch.read('ledgerReport', { now: scratch.now }).balanced);
  scratch.database.run('DELETE FROM messages WHERE id = ?', 'id-2');
  const report = scratch.read('ledgerReport', { now: scratch.now });
  assert.not(report.balanced);
  assert.is(report.sinks[0]!.difference, 1);
});

test('events that are too old for a sink are an outcome of their own', () => {
  const scratch = new ScratchDatabase();
  const { number: queue } = scratch.write('declareQueue', { sink: 'ga4', name: 'ga4' });
  scratch.write('publish', columns(1, 5));
  scratch.write('settle', { queue, seqs: [1, 2, 3, 4], filtered: 1, tooOld: 2 });
  const [row] = scratch.read('ledgerReport', { now: scratch.now }).sinks;
  const { accepted, delivered, filtered, too_old, erased, pending, missing, difference } = row!;
  assert.equal(
    [accepted, delivered, filtered, too_old, erased, pending, missing, difference],
    [5, 1, 1, 2, 0, 1, 0, 0],
  );
});

test.run();
