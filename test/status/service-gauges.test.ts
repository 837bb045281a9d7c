import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Metrics } from '../../src/status/metrics.js';
import { FakeBackend } from '../http/fake-backend.js';

const quiet = { streams: 0, inFlightBytes: 0, answerBytes: 0, connections: 0 };

const actor = (name: string, detail: Record<string, string | number | boolean>) => ({
  ...{ path: `ingress/health/${name}`, state: 'running' as const, since: 0, restarts: 0 },
  ...{ lastError: undefined, nextTry: undefined, detail: { service: name, target: 'x', ...detail } },
});

test('state, response time, share of 24 hours and checks of each service; what is not known is not there', async () => {
  const metrics = new Metrics();
  const backend = new FakeBackend();
  const shown = async (...actors: readonly ReturnType<typeof actor>[]): Promise<string> => {
    const status = { ...(await backend.status()), actors };
    return metrics.render({ status: async () => status, ledger: () => backend.ledger() }, quiet);
  };
  const clowder = { status: 'up', runs: 12, checked: 1_772_700_000_500, response_time: 0.25, uptime: 99.5 };
  const down = actor('mongodb', { status: 'down', runs: 3 });
  const others = ['maintenance', 'unknown', 'degraded'].map(status => actor(`is-${status}`, { status }));
  const job = actor('nightly', { status: 'unknown', excused: true });
  const text = await shown(actor('clowder', clowder), down, ...others, job);
  for (const line of [
    'event_sink_service_state{service="clowder",state="up"} 1',
    'event_sink_service_state{service="mongodb",state="down"} 1',
    'event_sink_service_state{service="is-maintenance",state="maintenance"} 1',
    'event_sink_service_state{service="is-unknown",state="unknown"} 1',
    'event_sink_service_state{service="is-degraded",state="degraded"} 1',
    'event_sink_service_uptime_percent{service="clowder"} 99.5',
    'event_sink_service_response_seconds{service="clowder"} 0.25',
    'event_sink_service_checked_timestamp_seconds{service="clowder"} 1772700000.5',
    'event_sink_service_checks{service="clowder"} 12',
    'event_sink_service_checks{service="mongodb"} 3',
    'event_sink_service_excused{service="nightly"} 1',
  ])
    assert.ok(text.includes(`${line}\n`), line);
  assert.not.match(text, 'response_seconds{service="mongodb"}');
  assert.is(text.split('event_sink_service_excused{').length, 2);

  const later = await shown(actor('mongodb', { status: 'up', runs: 4 }));
  assert.match(later, 'event_sink_service_state{service="mongodb",state="up"} 1');
  assert.not.match(later, 'service="mongodb",state="down"');
  assert.not.match(later, 'service="clowder"');
});

test.run();
