import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { historiesOf, plannedOf } from '../../../src/page/services/timeline.js';

const events = (...all: readonly [created: number, type: string, more?: object][]) =>
  all
    .map(([created, type, more], index) => ({
      ...{ id: `event-${index}`, category: 'service_status', type, service_name: 'clowder', created: at(created) },
      ...{ _source: 'http' as const, _received: at(created), ...more },
    }))
    .reverse();

/** Hours of a day. */
const at = (hours: number): number => Date.UTC(2026, 2, 1) + hours * 3_600_000;

function history(before: ReturnType<typeof events>, within: ReturnType<typeof events>) {
  const segments = historiesOf(before, within, at(0), at(24)).get('clowder');
  return segments?.map(({ state, from, to }) => `${state} ${(from - at(0)) / 3_600_000}-${(to - at(0)) / 3_600_000}`);
}

test('each change holds until the next one, the last of before from the beginning', () => {
  const within = events([6, 'down'], [7, 'down'], [8, 'up', { from: at(6), until: at(8), outage_seconds: 7_200 }]);
  assert.equal(history(events([-9, 'down'], [-5, 'up']), within), ['up 0-6', 'down 6-8', 'up 8-24']);
  assert.equal(history([], within), ['unknown 0-6', 'down 6-8', 'up 8-24']);
  assert.is(history([], []), undefined);
});

test('a correction holds for its own time, and changes nothing of what comes after it', () => {
  const outage = events(
    [6, 'down'],
    [8, 'up', { from: at(6), until: at(8), outage_seconds: 7_200 }],
    [10, 'maintenance', { from: '2026-03-01T05:00:00Z', until: at(7) / 1000 }],
    [10, 'maintenance', { from: at(6), until: at(7), corrects: 'event-0' }],
  );
  assert.equal(history(events([-5, 'up']), outage), ['up 0-5', 'maintenance 5-7', 'down 7-8', 'up 8-24']);
  assert.is(history([], events([10, 'maintenance', { from: at(5), until: at(7) }])), undefined);
});

test('maintenance that is declared ahead begins when it is due', () => {
  const ahead = events([-2, 'up'], [-1, 'maintenance', { from: at(4), until: at(6) }]);
  assert.equal(history(ahead, events([5, 'up'])), ['up 0-4', 'maintenance 4-5', 'up 5-24']);
  const later = events([2, 'maintenance', { from: at(30), until: at(31) }]);
  assert.equal(history(events([-2, 'up']), later), ['up 0-24']);
  // Any other state that is said ahead of time is a guess.
  const guess = events([2, 'down'], [3, 'up', { from: at(5), until: at(6) }]);
  assert.equal(history(events([-2, 'up']), guess), ['up 0-2', 'down 2-24']);
});

test('maintenance ahead is planned, with who declared it; what was called off or declared anew is not', () => {
  const said = events(
    [1, 'maintenance', { id: 'a', from: at(30), until: at(32), by: 'ann', message: 'disks' }],
    [2, 'maintenance', { id: 'b', from: at(31), until: at(33), by: 'ann', message: 'disks, later' }],
    [3, 'maintenance', { id: 'c', from: at(40) }],
    [4, 'withdrawn', { corrects: 'c', by: 'bob' }],
    [5, 'maintenance', { id: 'd', from: at(6), until: at(8) }],
  );
  assert.equal(plannedOf(said, at(24)).get('clowder'), [
    { id: 'b', from: at(31), until: at(33), message: 'disks, later', by: 'ann', declared: at(2) },
  ]);
  const withdrawn = events(
    [1, 'up'],
    [6, 'maintenance', { id: 'a', from: at(8) }],
    [7, 'withdrawn', { corrects: 'a' }],
  );
  assert.equal(history([], withdrawn), ['unknown 0-1', 'up 1-24']);
});

test('maintenance that was moved is shown at its new time alone', () => {
  const moved = (second: object): string[] | undefined =>
    history(
      events([-2, 'up'], [-1, 'maintenance', { id: 'a', from: at(4), until: at(8) }]),
      events([1, 'maintenance', { id: 'b', ...second }], [20, 'up']),
    );
  assert.equal(moved({ from: at(6), until: at(10) }), ['up 0-6', 'maintenance 6-20', 'up 20-24']);
  assert.equal(moved({ from: at(8), until: at(10), _source: 'http' }), ['up 0-4', 'maintenance 4-20', 'up 20-24']);
  // A window of the settings moves none, and one that had begun stays.
  const ofSettings = moved({ from: at(6), until: at(10), _source: 'health' });
  assert.equal(ofSettings, ['up 0-4', 'maintenance 4-20', 'up 20-24']);
  const begun = events([1, 'up'], [2, 'maintenance'], [5, 'maintenance', { from: at(2), until: at(7) }], [7, 'up']);
  assert.equal(history([], begun), ['unknown 0-1', 'up 1-2', 'maintenance 2-7', 'up 7-24']);
});

test('a window of the settings that begins does not take planned maintenance away', () => {
  const said = events(
    [1, 'maintenance', { id: 'a', from: at(30), until: at(32) }],
    [2, 'maintenance', { id: 'w', from: at(2), until: at(40), _source: 'health' }],
  );
  assert.equal(
    plannedOf(said, at(24))
      .get('clowder')
      ?.map(({ id }) => id),
    ['a'],
  );
});

test.run();
