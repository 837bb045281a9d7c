import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Metrics } from '../../src/status/metrics.js';
import { FakeBackend } from '../http/fake-backend.js';

const quiet = { streams: 0, inFlightBytes: 0, answerBytes: 0, connections: 0 };

test('what was counted and what is read now are in one text', async () => {
  const metrics = new Metrics();
  metrics.request('POST', '/v1/events', 202, 12);
  metrics.published('embedded', 7);
  metrics.batchWritten('mongodb', 500, 20, 1500);
  metrics.batchFailed('mongodb', 'held', 5000);
  const text = await metrics.render(new FakeBackend(), {
    streams: 2,
    inFlightBytes: 9,
    answerBytes: 0,
    connections: 1,
  });
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

test('dead letters that are not kept, and events whose settlement is not taken', async () => {
  const metrics = new Metrics();
  const backend = new FakeBackend();
  const status = await backend.status();
  const actor = {
    path: 'delivery/mongodb/consumer',
    state: 'holding',
    since: 0,
    restarts: 0,
    lastError: undefined,
    nextTry: undefined,
  } as const;
  const render = (detail: Readonly<Record<string, string | number>>): Promise<string> =>
    metrics.render(
      { status: async () => ({ ...status, actors: [{ ...actor, detail }] }), ledger: () => backend.ledger() },
      quiet,
    );
  const waiting = await render({ phase: 'fetching', unsettled: 2, delayed: 3 });
  assert.match(waiting, /^event_sink_unsettled_dead_letters\{sink="mongodb"\} 2$/m);
  assert.match(waiting, /^event_sink_unsettled_events\{sink="mongodb"\} 3$/m);
  const settled = await render({ phase: 'fetching' });
  assert.match(settled, /^event_sink_unsettled_dead_letters\{sink="mongodb"\} 0$/m);
  assert.match(settled, /^event_sink_unsettled_events\{sink="mongodb"\} 0$/m);
});

test('two daemons in one process have their own', async () => {
  const first = new Metrics();
  first.published('broker', 1);
  assert.not.match(await new Metrics().render(new FakeBackend(), quiet), 'durability="broker"');
});

test('lines of each log, and what happened to its files', async () => {
  const backend = new FakeBackend();
  const status = await backend.status();
  const detail = {
    file: '/logs/access.log',
    missing: false,
    requests: 60,
    unparsed: 38,
    oversized: 2,
    changed: 1,
    lost: 3,
  };
  const actor = {
    path: 'ingress/nginx-log/1',
    state: 'running',
    since: 0,
    restarts: 0,
    lastError: undefined,
    nextTry: undefined,
  } as const;
  const actors = [{ ...actor, detail: { ...detail, unreadable_bytes: 500 } }];
  const text = await new Metrics().render(
    { status: async () => ({ ...status, actors }), ledger: () => backend.ledger() },
    quiet,
  );
  for (const line of [
    'event_sink_log_lines{log="/logs/access.log",outcome="counted"} 60',
    'event_sink_log_lines{log="/logs/access.log",outcome="unparsed"} 38',
    'event_sink_log_lines{log="/logs/access.log",outcome="oversized"} 2',
    'event_sink_log_incidents{log="/logs/access.log",kind="changed"} 1',
    'event_sink_log_incidents{log="/logs/access.log",kind="lost"} 3',
    'event_sink_log_missing{log="/logs/access.log"} 0',
    'event_sink_log_unreadable_bytes{log="/logs/access.log"} 500',
  ])
    assert.ok(text.includes(line), line);
});

test.run();
