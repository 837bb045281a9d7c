import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { availabilityOf, durationsOf, historyOf, outagesOf } from '../../src/availability/history.js';
import type { Span } from '../../src/spans.js';
import type { AvailabilityRecord, Correction } from '../../src/storage/availability.js';

const hour = 3_600_000;
const start = Date.UTC(2026, 2, 1);
/** Hours of the month. */
const at = (hours: number): number => start + hours * hour;
const span = (from: number, until: number, state: string, reason?: string): Span => ({
  from: at(from),
  until: at(until),
  state,
  ...(reason === undefined ? {} : { reason }),
});

function record(parts: Partial<AvailabilityRecord>): AvailabilityRecord {
  return { observed: [], maintenance: [], corrections: [], times: [], ...parts };
}

function said(id: string, from: number, until: number | null, state: string, saidAt: number): Correction {
  const end = until === null ? null : at(until);
  return { id, from: at(from), until: end, state, message: null, by: 'ops', at: at(saidAt) };
}

function hours(of: AvailabilityRecord, from = 0, until = 24) {
  const durations = durationsOf(historyOf(of, at(from), at(until)));
  return Object.entries(durations).flatMap(([state, ms]) => (ms === 0 ? [] : [`${state} ${ms / hour}`]));
}

const day = [span(0, 10, 'up'), span(10, 12, 'down', 'HTTP 502'), span(12, 24, 'up')];

test('a day with an outage of two hours', () => {
  const history = historyOf(record({ observed: day }), at(0), at(24));
  assert.equal(hours(record({ observed: day })), ['up 22', 'down 2']);
  assert.is(Math.round(1000 * (availabilityOf(durationsOf(history)) as number)), 91_667);
  assert.equal(outagesOf(history, at(24), true), [{ from: at(10), until: at(12), reason: 'HTTP 502' }]);
});

test('maintenance of the settings holds over what was seen, and so does what somebody says afterwards', () => {
  const maintenance = [span(11, 13, 'maintenance')];
  assert.equal(hours(record({ observed: day, maintenance })), ['up 21', 'down 1', 'maintenance 2']);
  const corrections = [said('a', 9, 11, 'maintenance', 30)];
  assert.equal(hours(record({ observed: day, corrections })), ['up 21', 'down 1', 'maintenance 2']);
});

test('the last word holds, whatever the order in which it is kept', () => {
  const first = said('a', 9, 13, 'maintenance', 30);
  const then = said('b', 10, 11, 'down', 31);
  for (const corrections of [
    [first, then],
    [then, first],
  ])
    assert.equal(hours(record({ observed: day, corrections })), ['up 20', 'down 1', 'maintenance 3']);
});

test('what nobody saw is unknown, and counts neither way', () => {
  const observed = [span(0, 6, 'up'), span(18, 24, 'up')];
  assert.equal(hours(record({ observed })), ['up 12', 'unknown 12']);
  assert.is(availabilityOf(durationsOf(historyOf(record({ observed }), at(0), at(24)))), 100);
  assert.equal(hours(record({})), ['unknown 24']);
  assert.is(availabilityOf(durationsOf(historyOf(record({}), at(0), at(24)))), undefined);
});

test('maintenance without an end holds to the end of the range', () => {
  assert.equal(hours(record({ observed: day, corrections: [said('a', 11, null, 'maintenance', 11)] })), [
    'up 10',
    'down 1',
    'maintenance 13',
  ]);
});

test('an outage that goes on has no end; one that a range cuts has the part in it', () => {
  const observed = [span(0, 20, 'up'), span(20, 40, 'down', 'no answer')];
  const cut = historyOf(record({ observed }), at(0), at(24));
  assert.equal(outagesOf(cut, at(24), false), [{ from: at(20), until: at(24), reason: 'no answer' }]);
  assert.equal(outagesOf(historyOf(record({ observed }), at(0), at(40)), at(40), true), [
    { from: at(20), until: null, reason: 'no answer' },
  ]);
});

test('a state of a newer release is not known here', () => {
  assert.equal(hours(record({ observed: [span(0, 24, 'sleepy')] })), ['unknown 24']);
});

test('an empty range has no history', () => {
  assert.equal(historyOf(record({ observed: day }), at(5), at(5)), []);
});

test.run();
