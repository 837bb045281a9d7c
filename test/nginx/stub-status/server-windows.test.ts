import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../../src/events/accept.js';
import { ServerWindows } from '../../../src/nginx/stub-status/server-windows.js';
import type { StubStatus } from '../../../src/nginx/stub-status/stub-status.js';

const minute = Date.UTC(2024, 2, 5, 10);
const idSecret = 'the secret of a test';

function sample(requests: number, active = 1): StubStatus {
  return { accepted: requests * 2, handled: requests, requests, active, reading: 0, writing: 1, waiting: active - 1 };
}

const open = () => new ServerWindows({ windowMs: 60_000, idSecret });

function eventsOf(windows: ServerWindows): Record<string, unknown>[] {
  return windows.takeClosed().map(({ id, body }) => {
    assert.ok('message' in acceptEvent(JSON.parse(body), { now: 0, source: 'nginx' }), body);
    return { id, ...(JSON.parse(body) as Record<string, unknown>) };
  });
}

test('a window says mean and maximum of what is open, and what was counted since the one before', () => {
  const windows = open();
  windows.add(sample(1000, 3), minute);
  windows.add(sample(1010, 5), minute + 10_000);
  windows.add(sample(1025, 10), minute + 59_999);
  assert.equal(eventsOf(windows), []);
  windows.add(sample(1100, 2), minute + 60_000);
  const [event, ...more] = eventsOf(windows);
  assert.is(more.length, 0);
  assert.equal(
    { ...event, id: '' },
    {
      ...{ id: '', category: 'connections', type: 'open' },
      ...{ window_start: minute, window_seconds: 60, samples: 3 },
      ...{ connections_active: 6, connections_reading: 0, connections_writing: 1, connections_waiting: 5 },
      ...{ connections_active_max: 10, connections_reading_max: 0, connections_writing_max: 1 },
      ...{ connections_waiting_max: 9, connections_accepted: 50, connections_handled: 25, server_requests: 25 },
      created: minute,
    },
  );
  windows.closeUntil(minute + 120_000);
  assert.is(eventsOf(windows)[0]?.server_requests, 75);
});

test('what nginx counted while it could not be asked is in the next window; after its restart it counts from zero', () => {
  const windows = open();
  windows.add(sample(1000), minute);
  windows.add(sample(5000), minute + 600_000);
  windows.add(sample(40), minute + 610_000);
  windows.closeUntil(minute + 660_000);
  assert.equal(
    eventsOf(windows).map(({ server_requests, samples }) => [server_requests, samples]),
    [
      [0, 1],
      [4040, 2],
    ],
  );
});

test('over a restart the window goes on, and its id is the same', () => {
  const through = open();
  let restarted = open();
  for (const [number, requests] of [10, 20, 30, 45].entries()) {
    through.add(sample(requests), minute + number * 10_000);
    restarted.add(sample(requests), minute + number * 10_000);
    const saved = JSON.stringify(restarted.save());
    restarted = open();
    restarted.restore(JSON.parse(saved));
  }
  through.closeUntil(minute + 60_000);
  restarted.closeUntil(minute + 60_000);
  const events = eventsOf(through);
  assert.equal(eventsOf(restarted), events);
  assert.is(events[0]?.server_requests, 35);
});

test('a clock that is set back closes the window, and begins another', () => {
  const windows = open();
  windows.add(sample(10), minute);
  windows.add(sample(20), minute - 3_600_000);
  windows.closeUntil(minute);
  const events = eventsOf(windows);
  assert.is(new Set(events.map(({ id }) => id)).size, 2);
  assert.equal(
    events.map(({ window_start }) => window_start),
    [minute, minute - 3_600_000],
  );
});

test.run();
