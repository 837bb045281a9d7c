import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database } from '../../src/storage/database.js';
import { migrate } from '../../src/storage/migrate.js';
import { noteUsageLoss } from '../../src/storage/usage-loss.js';

/** January is closed, February is counted anew beside its counts, March and April are open. */
const now = Date.UTC(2026, 3, 10, 7, 30);

function damaged(lost: Readonly<Record<string, number>>): Database {
  const database = new Database(':memory:');
  migrate(database);
  database.exec(`
    INSERT INTO usage_months (month, opened, closed)
      VALUES (202601, 1, 9), (202602, 1, 9), (202603, 1, NULL), (202604, 1, NULL);
    INSERT INTO usage_reopened VALUES (202602, 10);
    INSERT INTO usage_days (day, revision, counted) VALUES (20260205, 2, 0), (20260315, 3, 3);
    INSERT INTO usage_accesses (day, id, time, source, item, machine, request, user, by_address, session, url, bytes)
      VALUES (20260315, 'a', 1, 'nginx', '', 0, 0, 1, 0, 1, 1, 0), (20260402, 'b', 1, 'nginx', '', 0, 0, 1, 0, 1, 1, 0);
  `);
  noteUsageLoss(database, lost, now);
  return database;
}

function gapsOf(database: Database): string[] {
  return database
    .rows<[number, string, number]>('SELECT hour, reason, count FROM usage_gaps ORDER BY hour')
    .map(([hour, reason, count]) => `${new Date(hour).toISOString().slice(0, 13)} ${reason} ${count}`);
}

const daysOf = (database: Database) =>
  database.rows<[number, number, number]>('SELECT day, revision, counted FROM usage_days ORDER BY day');

test('every month that collects may lack accesses, in the hour in which that was found or its last one', () => {
  const database = damaged({ usage_accesses: 3 });
  assert.equal(gapsOf(database), [
    '2026-02-28T23 lost_rows 3',
    '2026-03-31T23 lost_rows 3',
    '2026-04-10T07 lost_rows 3',
  ]);
  assert.equal(
    daysOf(database),
    [
      [20260205, 2, 0],
      [20260315, 3, 3],
    ],
    'the counts were made of all of them',
  );
});

test('counts of open months are made anew; of a closed one some are gone for good', () => {
  const database = damaged({ usage_counts: 2, usage_left_out: 1 });
  assert.equal(gapsOf(database), ['2026-01-31T23 lost_rows 3', '2026-02-28T23 lost_rows 3']);
  assert.equal(daysOf(database), [
    [20260205, 2, 0],
    [20260315, 4, 0],
    [20260402, 2, 0],
  ]);
});

test('days that are gone are found by their accesses', () => {
  const database = damaged({ usage_days: 1 });
  assert.equal(gapsOf(database), []);
  assert.equal(
    daysOf(database).map(([day]) => day),
    [20260205, 20260315, 20260402],
  );
});

test('what else was lost is none of it', () => {
  assert.equal(gapsOf(damaged({ messages: 5, usage_items: 2 })), []);
});

test.run();
