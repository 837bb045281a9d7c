import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { detailsOf } from '../../../src/page/supervision/details.js';

test('what an actor reports about itself is named and has its unit; what is empty or shown elsewhere is left out', () => {
  const now = 1_700_000_000_000;
  const detail = {
    service: 'clowder',
    target: 'http://clowder/healthz',
    status: 'down',
    found: 'down',
    status_since: now - 5000,
    reason: '',
    response_time: 0.0013,
    loss: 100,
    uptime: 99.5,
    certificate_days_left: 12.7,
    http_status: 500,
    checked: now - 2000,
    missing: false,
    mismatch: true,
    skipped: null,
    requests: 12_300,
    detail: 'embedded queues in DATA_DIR',
  };
  assert.equal(
    detailsOf(detail, now).map(({ name, value }) => `${name}: ${value}`),
    [
      'target: http://clowder/healthz',
      'response time: 1 ms',
      'loss: 100 %',
      'uptime in 24 hours: 99.50 %',
      'certificate valid for: 12 days',
      'HTTP status: 500',
      'checked: 2 s ago',
      'mismatch: yes',
      'requests: 12,300',
      ': embedded queues in DATA_DIR',
    ],
  );
});

test.run();
