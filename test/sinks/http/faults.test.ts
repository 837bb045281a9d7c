import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { httpFault, summary } from '../../../src/sinks/http/faults.js';

const now = Date.parse('2026-01-01T00:00:00Z');

test('status → fault', () => {
  const fault = (status: number, headers: Record<string, string> = {}) =>
    httpFault({ status, headers: new Headers(headers), text: 'why' }, { name: 'Server', now });
  for (const status of [200, 202, 204, 400, 409, 413, 415, 422]) assert.is(fault(status), undefined, `${status}`);
  for (const status of [408, 423, 425, 429, 500, 502, 503, 504, 599]) {
    assert.instance(fault(status), TransientError, `${status}`);
  }
  for (const status of [301, 307, 401, 403, 404]) assert.instance(fault(status), SetupError, `${status}`);
  assert.is((fault(503, { 'retry-after': '2' }) as TransientError).retryAfterMs, 2000);
  assert.is((fault(503) as TransientError).retryAfterMs, undefined);
  assert.is(fault(503)?.message, 'Server answered 503 (why)');
});

test('a summary is one short line', () => {
  const long = summary({ status: 500, headers: new Headers(), text: `<html>\n${'z'.repeat(1000)}` }, { name: 'X' });
  assert.ok(long.length < 350 && !long.includes('\n'));
});

test.run();
