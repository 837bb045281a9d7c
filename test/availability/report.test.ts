import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { availabilityAsCsv } from '../../src/availability/csv.js';
import { availabilityAsHtml } from '../../src/availability/html.js';
import { reportOf } from '../../src/availability/report.js';
import { bucketOf } from '../../src/availability/response-times.js';

const hour = 3_600_000;
const start = Date.UTC(2026, 2, 1);
const until = start + 48 * hour;
const days = [
  { day: 20260301, from: start, until: start + 24 * hour },
  { day: 20260302, from: start + 24 * hour, until },
];
const outage = { from: start + 10 * hour, until: start + 12 * hour, state: 'down', reason: '<HTTP> 502' };
const report = reportOf(
  '=cmd()',
  {
    observed: [{ from: start, until: outage.from, state: 'up' }, outage, { from: outage.until, until, state: 'up' }],
    maintenance: [],
    corrections: [
      {
        id: 'said',
        from: start + 11 * hour,
        until: outage.until,
        state: 'maintenance',
        message: 'new, "big" disks',
        by: 'ops',
        at: until,
      },
    ],
    times: [{ day: 20260301, counts: [[bucketOf(120), 100]] }],
  },
  { from: start, until, days },
  until,
);
const head = { name: 'Prairie Data', first: 20260301, last: 20260302, zone: 'UTC', created: until };

test('a page that names the outage, who corrected it, and how it was counted; texts of others are texts', () => {
  const html = availabilityAsHtml([report], head);
  for (const text of [
    '97.872 %',
    '1 March 2026, 10:00 UTC',
    '&#60;HTTP&#62; 502',
    '1 hour',
    'ops',
    'new, &#34;big&#34; disks',
  ])
    assert.match(html, text);
  assert.match(html, 'It was up all the time on one day.');
  assert.match(html, 'How it was counted');
  assert.not.match(html, /<script|src=|url\(/);
  assert.match(availabilityAsHtml([], head), 'Nothing is known of any service');
});

test('a table for spreadsheets: no formula, and as many cells in each line', () => {
  const lines = availabilityAsCsv([report]).trimEnd().split('\r\n');
  assert.equal(
    lines.slice(1).map(line => line.split(',').slice(0, 2)),
    [
      ['total', "'=cmd()"],
      ['day', "'=cmd()"],
      ['day', "'=cmd()"],
      ['outage', "'=cmd()"],
      ['correction', "'=cmd()"],
    ],
  );
  assert.match(lines.at(-1) ?? '', '"new, ""big"" disks"');
  assert.match(lines[1] ?? '', ',97.87234,165600,0,3600,3600,0,100,');
  assert.is(lines[2]?.split(',').length, lines[0]?.split(',').length);
});

test.run();
