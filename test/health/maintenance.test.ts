import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { covers, endsMaintenance, overlapMs } from '../../src/health/maintenance.js';

test('a window begins with its first moment and ends before its last; without an end it goes on', () => {
  const window = { from: 10, until: 20 };
  assert.equal(
    [9, 10, 19, 20].map(at => covers(window, at)),
    [false, true, true, false],
  );
  for (const until of [null, undefined]) assert.is(covers({ from: 10, until }, Number.MAX_SAFE_INTEGER), true);
});

test('windows that overlap count once', () => {
  const spans = [
    { from: 30, until: 40 },
    { from: 5, until: 15 },
    { from: 10, until: 20 },
    { from: 12, until: 13 },
  ];
  assert.is(overlapMs(spans, 0, 100), 25);
  assert.is(overlapMs(spans, 10, 35), 15);
  assert.is(overlapMs(spans, 20, 30), 0);
  assert.is(overlapMs([{ from: 50, until: null }], 0, 60), 10);
  assert.is(overlapMs([], 0, 60), 0);
});

test('only a status of now ends maintenance, and only one that is known', () => {
  for (const [status, from, until, ends] of [
    ['up', 100, undefined, true],
    ['down', 90, undefined, true],
    ['degraded', 90, 120, true],
    ['unknown', 100, undefined, true],
    ['up', 50, 60, false],
    ['up', 50, 100, false],
    ['down', 110, 120, false],
    ['up', 110, undefined, false],
    ['maintenance', 100, undefined, false],
    ['works', 100, undefined, false],
  ] as const) {
    const window = { from, until, message: undefined };
    const said = { service: 'clowder', status, at: 100, id: 'a', by: undefined, window };
    assert.is(endsMaintenance(said), ends, `${status} ${from} ${until}`);
  }
});

test.run();
