import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blankState, type SavedState } from '../../src/health/saved-state.js';
import { statusDetail, targetDetail } from '../../src/health/status-detail.js';
import { TargetMonitor } from '../../src/health/target-monitor.js';
import { targetOf } from '../helpers/health.js';

test('a good result shows its times in microseconds at most, and its readings', () => {
  const times = { average: 0.001_300_123_4, min: 0.001, max: 0.002 };
  const readings = { status: 200, bytes: 5, time_dns: 0.0004 };
  assert.equal(statusDetail({ finding: 'up', reason: undefined, times, loss: 0, readings }, []), {
    found: 'up',
    response_time: 0.0013,
    loss: 0,
    http_status: 200,
    bytes: 5,
    time_dns: 0.0004,
  });
});

test('a bad result shows why, without secrets', () => {
  const result = {
    finding: 'down',
    reason: 'no answer from hunter22',
    times: undefined,
    loss: 100,
    readings: {},
  } as const;
  assert.equal(statusDetail(result, ['hunter22']), { found: 'down', reason: 'no answer from [hidden]', loss: 100 });
});

test('a job that has not reported yet is excused, and so is what hangs from a service in maintenance', () => {
  const of = (written: string, saved: SavedState = blankState) => {
    const target = targetOf(written);
    return targetDetail(target, new TargetMonitor(target, 'id-secret-of-tests', saved), undefined);
  };
  assert.is(of('nightly=heartbeat:nightly').excused, true);
  assert.is(of('nightly=heartbeat:nightly', { ...blankState, lastRun: 1 }).excused, undefined);
  assert.is(of('web=tcp://h:1').excused, undefined);
  const unknown = { since: 1, runs: 1, announced: true, causedBy: 'switch', excused: true };
  const hidden: SavedState = { ...blankState, observed: 'up', announced: 'unknown', lastRun: 1, unknown };
  assert.is(of('web=tcp://h:1', hidden).excused, true);
  assert.is(of('web=tcp://h:1', { ...hidden, unknown: { ...unknown, excused: false } }).excused, undefined);
});

test.run();
