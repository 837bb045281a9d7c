import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LogGaps } from '../../src/nginx/log-gaps.js';

const hour = 3_600_000;
const gap = (reason: string, at: number, ms: number, count: number) => {
  return { hour: at * hour, reason, origin: 'access.log', ms, count };
};

test('gaps are added up by hour and reason, in whatever order they come', () => {
  const gaps = new LogGaps('access.log');
  assert.equal(gaps.calls, []);
  gaps.add('unread_lines', 5);
  gaps.add('unread_lines', hour - 1, 2);
  gaps.add('late_salt', 5);
  gaps.add('unread_lines', hour);
  gaps.addSpan('lost_log', hour / 2, hour + 7);
  gaps.add('lost_log', hour);
  gaps.add('unread_lines', 0, 4);
  const { calls } = gaps;
  assert.is(gaps.calls, calls, 'the same list until something is added');
  const expected = [
    gap('unread_lines', 0, 0, 7),
    gap('late_salt', 0, 0, 1),
    gap('unread_lines', 1, 0, 1),
    gap('lost_log', 0, hour / 2, 0),
    gap('lost_log', 1, 7, 1),
  ];
  assert.equal(calls, [['noteUsageGaps', { gaps: expected }]]);
  gaps.add('unread_lines', 0);
  assert.equal(calls, [['noteUsageGaps', { gaps: expected }]], 'what was handed over does not change');
  assert.is.not(gaps.calls, calls);
});

test('what comes after a commit is of the next one', () => {
  const gaps = new LogGaps('access.log');
  gaps.add('unread_lines', 5);
  gaps.clear();
  assert.equal(gaps.calls, []);
  gaps.add('unread_lines', 5);
  assert.equal(gaps.calls, [['noteUsageGaps', { gaps: [gap('unread_lines', 0, 0, 1)] }]]);
});

test.run();
