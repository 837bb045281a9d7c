import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { statusDetail } from '../../src/health/status-detail.js';

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

test.run();
