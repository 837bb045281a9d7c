import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Metrics } from '../../src/status/metrics.js';
import { FakeBackend } from '../http/fake-backend.js';

const quiet = { streams: 0, inFlightBytes: 0 };

test('what was counted and what is read now are in one text', async () => {
  const metrics = new Metrics();
  metrics.request('POST', '/v1/events', 202, 12);
  metrics.published('embedded', 7);
  metrics.batchWritten('mongodb', 500, 20, 1500);
  metrics.batchFailed('mongodb', 'held', 5000);
  const text = await metrics.render(new FakeBackend(), { streams: 2, inFlightBytes: 9 });
  for (const line of [
    'event_sink_http_request_duration_seconds_count{method="POST",route="/v1/events",status="202"} 1',
    'event_sink_published_events_total{durability="embedded"} 7',
    'event_sink_batches_total{sink="mongodb",outcome="written"} 1',
    'event_sink_batches_total{sink="mongodb",outcome="held"} 1',
    'event_sink_batch_events_sum{sink="mongodb"} 500',
    'event_sink_delivery_latency_seconds_sum{sink="mongodb"} 1.5',
    'event_sink_streams 2',
    'event_sink_http_in_flight_bytes 9',
    'event_sink_ready 1',
    'event_sink_queue_events{sink="mongodb"} 3',
    'event_sink_queue_oldest_age_seconds{sink="mongodb"} 1',
    'event_sink_dead_letters{sink="mongodb"} 1',
    'event_sink_sink_state{sink="mongodb",state="holding"} 1',
    'event_sink_ledger_events{sink="mongodb",outcome="accepted"} 10',
    'event_sink_ledger_difference{sink="mongodb"} 0',
    'event_sink_actor_restarts{actor="delivery/mongodb/sink"} 2',
    'event_sink_broker_state{kind="embedded",state="ready"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), line);
  }
  assert.match(text, 'process_cpu_seconds_total');
  assert.match(text, 'nodejs_eventloop_lag_seconds');
});

test('a state that was left is not shown beside the present one', async () => {
  const metrics = new Metrics();
  const backend = new FakeBackend();
  await metrics.render(backend, quiet);
  const status = await backend.status();
  const running = { ...status, sinks: status.sinks.map(sink => ({ ...sink, state: 'running' as const })) };
  const text = await metrics.render({ status: async () => running, ledger: () => backend.ledger() }, quiet);
  assert.match(text, 'event_sink_sink_state{sink="mongodb",state="running"} 1');
  assert.not.match(text, 'state="holding"');
});

test('two daemons in one process have their own', async () => {
  const first = new Metrics();
  first.published('broker', 1);
  assert.not.match(await new Metrics().render(new FakeBackend(), quiet), 'durability="broker"');
});

test.run();
