import {
  dashboard,
  dataSource,
  heatmap,
  labelVariable,
  mapping,
  never,
  prom,
  promNow,
  row,
  series,
  stat,
  steps,
  timeline,
} from './panels.mjs';

const daemons = 'job=~"$job", instance=~"$instance"';
const sinks = `${daemons}, sink=~"$sink"`;
const rate = (metric, by, labels) => `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;
const quantile = (q, metric, by, labels) =>
  `histogram_quantile(${q}, ${rate(`${metric}_bucket`, `${by}, le`, labels)})`;

/** A gauge that is 1 for the state of now, as a number for each state: the greater the worse. */
const states = { running: 1, ready: 1, stopped: 2, starting: 3, outbox: 4, holding: 4, parked: 5, failed: 6, down: 6 };
const stateOf = (metric, by, labels, names) =>
  `max by (${by}) (${names.map(name => `${metric}{${labels}, state="${name}"} * ${states[name]}`).join(' or ')})`;
const sinkStates = ['running', 'stopped', 'starting', 'holding', 'parked', 'failed'];
const brokerStates = ['ready', 'outbox', 'down'];

export const daemon = dashboard({
  uid: 'event-sink',
  title: 'event-sink',
  description: 'The daemon itself: what it takes, delivers and holds. Fed by its /metrics through Prometheus.',
  time: 'now-6h',
  variables: [
    dataSource('prometheus', 'Prometheus'),
    labelVariable('job', 'Job', 'label_values(event_sink_ready, job)'),
    labelVariable('instance', 'Daemon', 'label_values(event_sink_ready{job=~"$job"}, instance)'),
    labelVariable('sink', 'Sink', 'label_values(event_sink_queue_events{job=~"$job"}, sink)'),
  ],
  panels: [
    row('Now'),
    stat('Ready', 'Daemons that accept events durably.', [promNow(`sum(event_sink_ready{${daemons}})`, 'ready')], {
      calc: 'lastNotNull',
      spark: false,
      thresholds: steps('bad', [1, 'good']),
    }),
    stat(
      'Problems',
      'Things that are wrong now; the page and /v1/status say which, since when, and what to do.',
      [prom(`sum(event_sink_problems{${daemons}})`, 'problems')],
      { calc: 'lastNotNull', thresholds: never },
    ),
    stat(
      'Accepted',
      'Events a second that were accepted.',
      [prom(`sum(rate(event_sink_published_events_total{${daemons}}[$__rate_interval]))`, 'accepted')],
      { calc: 'lastNotNull', unit: 'eps', decimals: 1 },
    ),
    stat(
      'Delivered',
      'Events a second that destinations confirmed; one event counts once for each sink.',
      [prom(`sum(rate(event_sink_batch_events_sum{${sinks}}[$__rate_interval]))`, 'delivered')],
      { calc: 'lastNotNull', unit: 'eps', decimals: 1 },
    ),
    stat('Waiting', 'Events that wait for a sink.', [prom(`sum(event_sink_queue_events{${sinks}})`, 'waiting')], {
      calc: 'lastNotNull',
      thresholds: steps('good', [10_000, 'watch'], [1_000_000, 'bad']),
    }),
    stat(
      'Oldest waiting',
      'Age of the oldest event that waits for any sink.',
      [prom(`max(event_sink_queue_oldest_age_seconds{${sinks}})`, 'oldest')],
      { calc: 'lastNotNull', unit: 's', thresholds: steps('good', [300, 'watch'], [3600, 'bad']) },
    ),
    stat(
      'Dead letters',
      'Events that a destination refused, kept with the reason until somebody decides.',
      [prom(`sum(event_sink_dead_letters{${sinks}})`, 'dead letters')],
      { calc: 'lastNotNull', thresholds: steps('good', [1, 'watch']) },
    ),
    stat(
      'Ledger',
      'Events that the ledger cannot explain, or that RabbitMQ lost: anything but 0 is an alarm.',
      [
        prom(`sum(abs(event_sink_ledger_difference{${sinks}}))`, 'unexplained'),
        prom(`sum(event_sink_ledger_missing{${sinks}})`, 'missing'),
      ],
      { calc: 'lastNotNull', thresholds: never },
    ),

    row('Delivery'),
    timeline(
      'Sinks',
      'holding: the destination fails, the events wait. parked: every event fails as a defect, tried slowly.',
      [prom(stateOf('event_sink_sink_state', 'sink', sinks, sinkStates), '{{sink}}')],
      {
        width: 16,
        mappings: mapping({
          1: ['running', 'good'],
          2: ['stopped', 'plain'],
          3: ['starting', 'calm'],
          4: ['holding', 'watch'],
          5: ['parked', 'bad'],
          6: ['failed', 'bad'],
        }),
      },
    ),
    timeline(
      'Broker',
      'outbox: RabbitMQ takes nothing, events wait on the daemon. down: clients are answered 503.',
      [prom(stateOf('event_sink_broker_state', 'instance, kind', daemons, brokerStates), '{{kind}} {{instance}}')],
      {
        width: 8,
        mappings: mapping({ 1: ['ready', 'good'], 4: ['outbox', 'watch'], 6: ['down', 'bad'] }),
      },
    ),
    series(
      'Accepted',
      'Events a second, by what keeps them.',
      [prom(rate('event_sink_published_events_total', 'durability', daemons), '{{durability}}')],
      { unit: 'eps', stacked: true },
    ),
    series(
      'Delivered',
      'Events a second that each destination confirmed.',
      [prom(rate('event_sink_batch_events_sum', 'sink', sinks), '{{sink}}')],
      { unit: 'eps' },
    ),
    series(
      'Waiting',
      'Events in the queue of each sink.',
      [prom(`max by (sink) (event_sink_queue_events{${sinks}})`, '{{sink}}')],
      { calcs: ['lastNotNull', 'max'], legend: 'right' },
    ),
    series(
      'Age of the oldest waiting event',
      'A line that climbs steadily is a sink that delivers nothing.',
      [prom(`max by (sink) (event_sink_queue_oldest_age_seconds{${sinks}})`, '{{sink}}')],
      { unit: 's', thresholds: steps('transparent', [3600, 'bad']) },
    ),
    series(
      'From arrival to the destination',
      'Oldest event of each batch: half, and 99 of 100, arrive within.',
      [
        prom(quantile(0.5, 'event_sink_delivery_latency_seconds', 'sink', sinks), '{{sink}} 50 %'),
        prom(quantile(0.99, 'event_sink_delivery_latency_seconds', 'sink', sinks), '{{sink}} 99 %'),
      ],
      { unit: 's' },
    ),
    series(
      'Time to write a batch',
      '95 of 100 batches take less.',
      [prom(quantile(0.95, 'event_sink_write_duration_seconds', 'sink', sinks), '{{sink}}')],
      { unit: 's' },
    ),
    series(
      'Batches by how they ended',
      'held: tried again later. failed: a defect.',
      [prom(rate('event_sink_batches_total', 'sink, outcome', sinks), '{{sink}} {{outcome}}')],
      { unit: 'ops', stacked: true },
    ),
    series('Events in a batch', 'Mean; near the batch size of the sink, it is working through a backlog.', [
      prom(
        `${rate('event_sink_batch_events_sum', 'sink', sinks)} / ${rate('event_sink_batch_events_count', 'sink', sinks)}`,
        '{{sink}}',
      ),
    ]),
    series(
      'What became of the events',
      'Events a second by outcome, from the ledger; accepted = all of these + pending + missing.',
      [
        prom(
          `sum by (outcome) (rate(event_sink_ledger_events{${sinks}, outcome=~"delivered|duplicates|filtered|too_old|erased|dead"}[$__rate_interval]))`,
          '{{outcome}}',
        ),
      ],
      { unit: 'eps', stacked: true, width: 8 },
    ),
    series(
      'Dead letters and outbox',
      'Kept now: dead letters of each sink, and events that wait on this disk for RabbitMQ.',
      [
        prom(`max by (sink) (event_sink_dead_letters{${sinks}})`, 'dead: {{sink}}'),
        prom(`max by (instance) (event_sink_outbox_events{${daemons}})`, 'outbox of {{instance}}'),
      ],
      { calcs: ['lastNotNull', 'max'], legend: 'right', width: 8 },
    ),
    series(
      'Queues that no sink takes from',
      'A sink that was switched off leaves its queue behind, which fills: event-sink queues remove NAME.',
      [prom(`max by (queue) (event_sink_orphaned_queue_events{${daemons}})`, '{{queue}}')],
      { width: 8 },
    ),

    row('The HTTP API'),
    series(
      'Requests by route',
      'Requests a second.',
      [prom(rate('event_sink_http_request_duration_seconds_count', 'method, route', daemons), '{{method}} {{route}}')],
      { unit: 'reqps', stacked: true },
    ),
    series(
      'Answers by status',
      'Answers a second.',
      [prom(rate('event_sink_http_request_duration_seconds_count', 'status', daemons), '{{status}}')],
      { unit: 'reqps', stacked: true },
    ),
    heatmap(
      'Time to accept events',
      'POST /v1/events, until it was durable.',
      `sum by (le) (increase(event_sink_http_request_duration_seconds_bucket{${daemons}, method="POST", route="/v1/events"}[$__rate_interval]))`,
    ),
    series(
      'In flight',
      'Bytes received and not answered yet; beyond MAX_IN_FLIGHT_MB clients are answered 503.',
      [prom(`event_sink_http_in_flight_bytes{${daemons}}`, '{{instance}}')],
      { unit: 'bytes', width: 6 },
    ),
    series('Live streams', 'Open pages and taps.', [prom(`event_sink_streams{${daemons}}`, '{{instance}}')], {
      width: 6,
    }),

    row('The process'),
    series(
      'CPU',
      'Cores in use.',
      [prom(`rate(process_cpu_seconds_total{${daemons}}[$__rate_interval])`, '{{instance}}')],
      { width: 8 },
    ),
    series(
      'Memory',
      'Resident, and the heap in use.',
      [
        prom(`process_resident_memory_bytes{${daemons}}`, 'resident {{instance}}'),
        prom(`nodejs_heap_size_used_bytes{${daemons}}`, 'heap {{instance}}'),
      ],
      { unit: 'bytes', width: 8 },
    ),
    series(
      'Delay of the event loop',
      '99 of 100 turns are late by less.',
      [prom(`nodejs_eventloop_lag_p99_seconds{${daemons}}`, '{{instance}}')],
      { unit: 's', width: 8 },
    ),
    series(
      'Restarts of actors',
      'In the last 10 minutes of each point.',
      [prom(`sum by (actor) (delta(event_sink_actor_restarts{${daemons}}[10m])) > 0`, '{{actor}}')],
      { width: 8, points: 'auto' },
    ),
    series(
      'Time collecting garbage',
      'Share of a core.',
      [prom(rate('nodejs_gc_duration_seconds_sum', 'kind', daemons), '{{kind}}')],
      {
        unit: 'percentunit',
        width: 8,
        stacked: true,
      },
    ),
    series(
      'Up since',
      'Hours since the daemon started: a drop to 0 is a restart.',
      [prom(`time() - process_start_time_seconds{${daemons}}`, '{{instance}}')],
      { unit: 's', width: 8 },
    ),
  ],
});
