import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { migrate } from '../../src/storage/migrate.js';
import { migrationSteps } from '../../src/storage/schema.js';
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

test('the ledger of an older release is carried over, and counts on', () => {
  const scratch = new ScratchDatabase(migrationSteps.slice(0, 2));
  const { database } = scratch;
  database.exec("INSERT INTO ledger VALUES ('ga4', 0, 5, 3, 1, 0, 1)");
  database.exec("INSERT INTO outbox (id, source, received, size, body) VALUES ('old', 'http', 1, 2, '{}')");
  migrate(database);
  const [row] = scratch.read('ledgerReport', { now: scratch.now }).sinks;
  assert.equal([row?.accepted, row?.too_old, row?.erased, row?.difference], [5, 0, 0, 0]);
  assert.is(scratch.write('takeOutbox', { limit: 1, after: 0 })[0]?.at(-1), null);
});

test('the queue ledgers keep their daemon, numbers, counts and what is in the outbox', () => {
  const scratch = new ScratchDatabase();
  const opening = { freshDaemonId: 'first', sinks: ['a'], hour: hourMs };
  assert.equal(scratch.write('openQueueLedgers', opening), { daemon: 'first', ledgers: [], reserved: [], outbox: [] });
  const counts = { accepted: 7, delivered: 3, duplicates: 0, filtered: 0, too_old: 1, erased: 0, dead: 0 };
  const save = { sink: 'a', state: '{"shared":false}', hour: hourMs, counts };
  scratch.write('saveQueueLedger', { ...save, foreign: { ids: '["x","y"]', upTo: 2, keepAfter: 0 } });
  scratch.write('saveQueueLedger', { ...save, foreign: { ids: '["z"]', upTo: 3, keepAfter: 2 } });
  scratch.write('reserveNumbers', { target: 'exchange e', below: 100 });
  const numbers = [4, 5, 9];
  scratch.write('appendOutbox', { ...columns(1, 3), numbers, target: null, maxBytes: 1_000_000 });
  const opened = scratch.write('openQueueLedgers', { ...opening, freshDaemonId: 'second' });
  assert.is(opened.daemon, 'first');
  assert.equal(opened.ledgers, [{ sink: 'a', state: save.state, counts, foreign: { ids: ['z'], upTo: 3 } }]);
  assert.equal(opened.reserved, [['exchange e', 100]]);
  assert.equal(opened.outbox, [
    [null, 4, 5],
    [null, 9, 9],
  ]);
  assert.equal(scratch.read('queueLedgerHours', { since: 0 }), [{ sink: 'a', hour: hourMs, ...counts }]);
});

test('the queue of a sink that is switched off is no longer watched: nothing is concluded when it comes back', () => {
  const scratch = new ScratchDatabase();
  const counts = { accepted: 1, delivered: 0, duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  scratch.write('saveQueueLedger', { sink: 'a', state: '{"shared":false}', hour: hourMs, counts });
  scratch.write('openQueueLedgers', { freshDaemonId: 'me', sinks: ['b'], hour: hourMs });
  const [ledger] = scratch.write('openQueueLedgers', { freshDaemonId: 'me', sinks: ['a'], hour: hourMs }).ledgers;
  assert.equal(JSON.parse(ledger?.state ?? ''), { shared: true });
});

test.run();
