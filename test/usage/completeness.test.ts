import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { UsageGap } from '../../src/storage/usage-gaps.js';
import {
  type GapReason,
  gapReasons,
  gapsInWords,
  gapsOf,
  holesOf,
  holesOfMonth,
  hoursIn,
} from '../../src/usage/completeness.js';

const hour = 3_600_000;
const march = Date.UTC(2026, 2, 1);
const all = new Set(Object.keys(gapReasons)) as ReadonlySet<GapReason>;

function gap(atHour: number, reason: string, { ms = hour, count = 0, origin = '' } = {}): UsageGap {
  return { hour: march + atHour * hour, reason, origin, ms, count };
}

const everywhere = ['before', 'off', 'lost_events', 'lost_rows'];
const holes: readonly (readonly [what: string, config: Parameters<typeof holesOf>[0], expected: readonly string[]])[] =
  [
    [
      'a log is read on after the daemon was stopped',
      { source: 'nginx', heard: ['nginx', 'clowder'] },
      [...everywhere, 'unread_lines', 'lost_log', 'changed_log', 'unread_archive', 'unread_log', 'late_salt'],
    ],
    ['a page sends once', { source: 'browser', heard: ['browser', 'clowder'] }, [...everywhere, 'stopped', 'refused']],
    ['RabbitMQ keeps what Clowder says', { source: 'clowder', heard: ['clowder'] }, [...everywhere, 'broker', 'queue']],
    ['without RabbitMQ it comes over HTTP', { source: 'clowder', heard: [] }, [...everywhere, 'stopped', 'refused']],
  ];
for (const [what, config, expected] of holes)
  test(`what leaves a hole: ${what}`, () => assert.equal([...holesOf(config)].sort(), [...expected].sort()));

test('what leaves a hole in a month: what it was counted from', () => {
  const now = { source: 'nginx', heard: ['nginx'] } as const;
  assert.equal(holesOfMonth([], now), holesOf(now));
  assert.equal(holesOfMonth(['nginx'], now), holesOf(now));
  const both = holesOfMonth(['browser', 'nginx'], now);
  assert.equal([...both].sort(), [...new Set([...holesOf(now), 'stopped', 'refused'])].sort());
  const forgotten = [...everywhere, 'stopped', 'refused', 'broker', 'queue'];
  assert.equal([...holesOfMonth(['clowder'], now)].sort(), forgotten.sort(), 'nobody knows how Clowder was heard');
  assert.equal(holesOfMonth(['clowder'], { ...now, heard: ['clowder'] }).has('stopped'), false);
});

const tables: readonly (readonly [what: string, rows: readonly UsageGap[], expected: readonly string[]])[] = [
  ['one hour', [gap(5, 'stopped', { ms: 1000 })], ['5 to 6 stopped: 1 s, 0']],
  [
    'hours that follow each other',
    [gap(5, 'stopped'), gap(6, 'stopped'), gap(7, 'stopped', { ms: 2000 })],
    ['5 to 8 stopped: 7202 s, 0'],
  ],
  [
    'an hour between',
    [gap(5, 'stopped'), gap(7, 'stopped')],
    ['5 to 6 stopped: 3600 s, 0', '7 to 8 stopped: 3600 s, 0'],
  ],
  [
    'two reasons',
    [gap(5, 'broker'), gap(5, 'stopped'), gap(6, 'stopped')],
    ['5 to 6 broker: 3600 s, 0', '5 to 7 stopped: 7200 s, 0'],
  ],
  [
    'two logs',
    [
      gap(5, 'unread_lines', { ms: 0, count: 3, origin: 'a' }),
      gap(5, 'unread_lines', { ms: 0, count: 4, origin: 'b' }),
    ],
    ['5 to 6 unread_lines: 0 s, 7'],
  ],
  [
    'two logs at the same time last no longer',
    [gap(5, 'lost_log', { origin: 'a' }), gap(5, 'lost_log', { origin: 'b' })],
    ['5 to 6 lost_log: 3600 s, 0'],
  ],
  [
    'the edges of the month',
    [gap(-1, 'off'), gap(0, 'off'), gap(743, 'off'), gap(744, 'off')],
    ['0 to 1 off: 3600 s, 0', '743 to 744 off: 3600 s, 0'],
  ],
  ['a reason that a newer release has', [gap(5, 'unheard')], []],
];
for (const [what, rows, expected] of tables)
  test(`gaps of a month: ${what}`, () => {
    const found = gapsOf(202603, rows, all).map(
      ({ from, to, reason, ms, count }) =>
        `${(from - march) / hour} to ${(to - march) / hour} ${reason}: ${ms / 1000} s, ${count}`,
    );
    assert.equal(found, expected);
  });

test('an hour that has two reasons is one hour', () => {
  assert.is(hoursIn(gapsOf(202603, [gap(5, 'broker'), gap(5, 'stopped'), gap(6, 'stopped')], all)), 2);
});

test('a report names the first gaps, and says how many hours there are', () => {
  assert.is(gapsInWords([]), undefined);
  const rows = [
    gap(1, 'stopped'),
    gap(30, 'unread_lines', { count: 7 }),
    ...[50, 60, 70, 80, 90].map(at => gap(at, 'off')),
  ];
  assert.is(
    gapsInWords(gapsOf(202603, rows, all)),
    'of 7 hours something may be missing: 2026-03-01 01:00 to 02:00 the daemon was not running; 2026-03-02 06:00 to 07:00 lines of the log could not be read (7); 2026-03-03 02:00 to 03:00 counting was switched off; 2026-03-03 12:00 to 13:00 counting was switched off; 2026-03-03 22:00 to 23:00 counting was switched off; and 2 more',
  );
  assert.match(gapsInWords(gapsOf(202603, [gap(23, 'stopped')], all))!, /2026-03-01 23:00 to 2026-03-02 00:00/);
});

test.run();
