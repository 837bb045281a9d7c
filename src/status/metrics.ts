import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { countNames } from '../storage/ledger-delta.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import { actorPaths } from './actor-paths.js';
import type { DaemonStatus } from './report.js';
import { RequestDurations } from './request-durations.js';
import { ServiceGauges } from './service-gauges.js';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Up to a day: a sink that was down for a night delivers events of that age. */
const latencySeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600];
const batchSizes = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000];

/** How a batch ended, for `event_sink_batches_total`. */
export type BatchOutcome = 'written' | 'held' | 'failed';

/** What the HTTP layer has at this moment. */
export interface HttpGauges {
  readonly streams: number;
  readonly inFlightBytes: number;
  readonly answerBytes: number;
  readonly connections: number;
}

/**
 * Prometheus metrics of one daemon. Counters and histograms are updated as things happen, gauges when somebody asks.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #services = new ServiceGauges((name, help, labels) => this.#gauge(name, help, labels));
  readonly #requests = new RequestDurations();
  readonly #batchEvents = this.#histogram('event_sink_batch_events', {
    help: 'Events in a batch that a sink wrote.',
    labels: ['sink'],
    buckets: batchSizes,
  });
  readonly #writes = this.#histogram('event_sink_write_duration_seconds', {
    help: 'Time a sink took to write one batch, whether it succeeded or not.',
    labels: ['sink'],
    buckets: seconds,
  });
  readonly #latency = this.#histogram('event_sink_delivery_latency_seconds', {
    help: 'From the arrival of the oldest event of each batch to the confirmation by its destination.',
    labels: ['sink'],
    buckets: latencySeconds,
  });
  readonly #batches = this.#counter('event_sink_batches_total', 'Batches by how their write ended.', [
    'sink',
    'outcome',
  ]);
  readonly #published = this.#counter('event_sink_published_events_total', 'Events accepted, by what keeps them.', [
    'durability',
  ]);
  readonly #cuts = this.#counter(
    'event_sink_http_connections_cut_total',
    'Connections that were cut: a reader that stood still, requests sent too far ahead, an idle one for a new one, a new one for want of room.',
    ['reason'],
  );
  readonly #conflicts = this.#counter(
    'event_sink_id_conflicts_total',
    'Events that came with the id of another event and say something else, on arrival or at a sink; 0 is right.',
    ['at'],
  );
  readonly #stalls = this.#counter(
    'event_sink_event_loop_stalls_total',
    'How often the event loop has stood for seconds: nothing else happened meanwhile; 0 is right.',
    [],
  );
  readonly #longestStall = this.#gauge(
    'event_sink_event_loop_longest_stall_seconds',
    'The longest time for which the event loop has stood since the start, when it was seconds.',
  );
  #longestStallMs = 0;
  /** Published since somebody asked last, by durability: to count with labels is slow. */
  readonly #unread = new Map<string, number>();
  readonly #gauges = {
    ready: this.#gauge('event_sink_ready', '1 once events can be accepted durably.'),
    problems: this.#gauge('event_sink_problems', 'Things that are wrong now, as /v1/status lists them.'),
    streams: this.#gauge('event_sink_streams', 'Live streams open.'),
    inFlight: this.#gauge('event_sink_http_in_flight_bytes', 'Bodies received and not answered yet.'),
    connections: this.#gauge('event_sink_http_connections', 'Connections open.'),
    answers: this.#gauge('event_sink_http_answer_bytes', 'Answers made and not taken by their readers yet.'),
    broker: this.#gauge('event_sink_broker_state', '1 for the state that the broker is in.', ['kind', 'state']),
    outbox: this.#gauge('event_sink_outbox_events', 'Events that wait on this disk for RabbitMQ.'),
    outboxStuck: this.#gauge(
      'event_sink_outbox_stuck_events',
      'Events in the outbox that RabbitMQ did not take though it can be reached; 0 is right.',
    ),
    setAside: this.#gauge(
      'event_sink_outbox_set_aside_events',
      'Messages that RabbitMQ can never take as they are, kept in the outbox out of the way; 0 is right.',
    ),
    storageLost: this.#gauge(
      'event_sink_storage_lost_rows',
      'Rows that were lost with a damaged or cut database, by table; none is right.',
      ['table'],
    ),
    unsettled: this.#gauge(
      'event_sink_unsettled_dead_letters',
      'Dead letters that the broker does not keep yet; 0 is right.',
      ['sink'],
    ),
    delayed: this.#gauge(
      'event_sink_unsettled_events',
      'Events that a sink is done with, and whose settlement the broker does not take yet; 0 is right.',
      ['sink'],
    ),
    gaps: this.#gauge('event_sink_queue_gaps', 'How often a queue or the exchange had disappeared and was made again.'),
    pending: this.#gauge('event_sink_queue_events', 'Events that wait for a sink.', ['sink']),
    oldest: this.#gauge('event_sink_queue_oldest_age_seconds', 'Age of the oldest waiting event.', ['sink']),
    dead: this.#gauge('event_sink_dead_letters', 'Dead letters that are there now.', ['sink']),
    sinkState: this.#gauge('event_sink_sink_state', '1 for the state that a sink is in.', ['sink', 'state']),
    ledger: this.#gauge('event_sink_ledger_events', 'Events of a sink since the beginning, by what became of them.', [
      'sink',
      'outcome',
    ]),
    difference: this.#gauge(
      'event_sink_ledger_difference',
      'Events that the ledger of a sink cannot explain; 0 is right.',
      ['sink'],
    ),
    missing: this.#gauge(
      'event_sink_ledger_missing',
      'Events of a sink that RabbitMQ confirmed and that never came out of its queue; 0 is right.',
      ['sink'],
    ),
    acknowledged: this.#gauge('event_sink_ledger_acknowledged', 'Missing events that somebody knows of.', ['sink']),
    orphaned: this.#gauge('event_sink_orphaned_queue_events', 'Events in a queue that no sink consumes.', ['queue']),
    logLines: this.#gauge(
      'event_sink_log_lines',
      'Lines of an access log since the first start, by what became of them.',
      ['log', 'outcome'],
    ),
    logIncidents: this.#gauge(
      'event_sink_log_incidents',
      'Files of an access log, since the first start, that were cut or edited (changed), or are gone and were not read to their end (lost).',
      ['log', 'kind'],
    ),
    logMissing: this.#gauge('event_sink_log_missing', '1 while there is no such access log.', ['log']),
    unreadable: this.#gauge(
      'event_sink_log_unreadable_bytes',
      'Bytes of rotated logs that are compressed by a program that is not known here.',
      ['log'],
    ),
    restarts: this.#gauge('event_sink_actor_restarts', 'Restarts of an actor since the start.', ['actor']),
  };

  constructor() {
    this.#registry.registerMetric(this.#requests as unknown as Histogram);
    collectDefaultMetrics({ register: this.#registry });
    // Sums over what stands there by type too, under names that Prometheus keeps for counters.
    for (const what of ['handles', 'requests', 'resources']) {
      this.#registry.removeSingleMetric(`nodejs_active_${what}_total`);
    }
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** `route` is a pattern, never a path: there are few of them. */
  request(method: string, route: string, status: number, durationMs: number): void {
    this.#requests.observe(method, route, status, durationMs / 1000);
  }

  connectionCut(reason: string): void {
    this.#cuts.inc({ reason });
  }

  published(durability: string, events: number): void {
    this.#unread.set(durability, (this.#unread.get(durability) ?? 0) + events);
  }

  /** `oldestMs`: age of the batch's oldest event since its arrival, once the destination has confirmed it. */
  batchWritten(sink: string, events: number, durationMs: number, oldestMs: number): void {
    this.#batches.inc({ sink, outcome: 'written' });
    this.#batchEvents.observe({ sink }, events);
    this.#writes.observe({ sink }, durationMs / 1000);
    this.#latency.observe({ sink }, oldestMs / 1000);
  }

  batchFailed(sink: string, outcome: Exclude<BatchOutcome, 'written'>, durationMs: number): void {
    this.#batches.inc({ sink, outcome });
    this.#writes.observe({ sink }, durationMs / 1000);
  }

  conflicts(at: string, events: number): void {
    this.#conflicts.inc({ at }, events);
  }

  stalled(ms: number): void {
    this.#stalls.inc();
    this.#longestStallMs = Math.max(this.#longestStallMs, ms);
    this.#longestStall.set(this.#longestStallMs / 1000);
  }

  /** The queues that no sink consumes, as far as they are known. */
  orphaned(queues: readonly { readonly name: string; readonly ready: number }[]): void {
    const { orphaned } = this.#gauges;
    orphaned.reset();
    for (const { name, ready } of queues) orphaned.set({ queue: name }, ready);
  }

  /** The text that Prometheus reads, with the gauges of this moment. */
  async render(
    backend: { status(): Promise<DaemonStatus>; ledger(): Promise<LedgerReport> },
    http: HttpGauges,
  ): Promise<string> {
    const [status, ledger] = await Promise.all([backend.status(), backend.ledger()]);
    this.#gauges.streams.set(http.streams);
    this.#gauges.inFlight.set(http.inFlightBytes);
    this.#gauges.answers.set(http.answerBytes);
    this.#gauges.connections.set(http.connections);
    for (const [durability, events] of this.#unread) this.#published.inc({ durability }, events);
    this.#unread.clear();
    this.#readStatus(status);
    this.#readLedger(ledger);
    return this.#registry.metrics();
  }

  #readStatus(status: DaemonStatus): void {
    const {
      outboxStuck,
      setAside,
      unsettled,
      delayed,
      storageLost,
      broker,
      gaps,
      pending,
      oldest,
      dead,
      sinkState,
      restarts,
    } = this.#gauges;
    for (const gauge of [broker, storageLost, unsettled, delayed, pending, oldest, dead, sinkState, restarts])
      gauge.reset();
    for (const [table, rows] of Object.entries(status.storage.lost)) storageLost.set({ table }, rows);
    this.#gauges.ready.set(status.ready ? 1 : 0);
    this.#gauges.problems.set(status.problems.length);
    broker.set({ kind: status.broker.kind, state: status.broker.state }, 1);
    this.#gauges.outbox.set(status.broker.outbox);
    gaps.set(status.broker.gaps ?? 0);
    outboxStuck.set(status.broker.outboxStuck ?? 0);
    setAside.set(status.broker.setAside ?? 0);
    for (const sink of status.sinks) {
      const consumer = status.actors.find(({ path }) => path === actorPaths.consumer(sink.sink));
      unsettled.set({ sink: sink.sink }, Number(consumer?.detail.unsettled ?? 0));
      delayed.set({ sink: sink.sink }, Number(consumer?.detail.delayed ?? 0));
      if (sink.pending !== null) pending.set({ sink: sink.sink }, sink.pending);
      if (sink.oldest !== null || sink.pending === 0)
        oldest.set({ sink: sink.sink }, Math.max(0, status.now - (sink.oldest ?? status.now)) / 1000);
      if (sink.dead !== null) dead.set({ sink: sink.sink }, sink.dead);
      sinkState.set({ sink: sink.sink, state: sink.state }, 1);
    }
    for (const actor of status.actors) restarts.set({ actor: actor.path }, actor.restarts);
    this.#readLogs(status);
    this.#services.read(status);
  }

  #readLogs({ actors }: DaemonStatus): void {
    const { logLines, logIncidents, logMissing, unreadable } = this.#gauges;
    for (const gauge of [logLines, logIncidents, logMissing, unreadable]) gauge.reset();
    for (const { path, detail } of actors) {
      if (!path.startsWith(actorPaths.nginxLog) || typeof detail.file !== 'string') continue;
      const log = detail.file;
      logMissing.set({ log }, detail.missing === true ? 1 : 0);
      logLines.set({ log, outcome: 'counted' }, Number(detail.requests ?? 0));
      for (const outcome of ['unparsed', 'oversized']) logLines.set({ log, outcome }, Number(detail[outcome] ?? 0));
      for (const kind of ['changed', 'lost']) logIncidents.set({ log, kind }, Number(detail[kind] ?? 0));
      unreadable.set({ log }, Number(detail.unreadable_bytes ?? 0));
    }
  }

  #readLedger({ sinks }: LedgerReport): void {
    const { ledger, missing, acknowledged, difference } = this.#gauges;
    for (const gauge of [ledger, missing, acknowledged, difference]) gauge.reset();
    for (const row of sinks) {
      for (const outcome of [...countNames, 'pending'] as const) ledger.set({ sink: row.sink, outcome }, row[outcome]);
      missing.set({ sink: row.sink }, row.missing);
      acknowledged.set({ sink: row.sink }, row.acknowledged);
      if (row.difference !== null) difference.set({ sink: row.sink }, row.difference);
    }
  }

  #histogram(
    name: string,
    { help, labels, buckets }: { readonly help: string; readonly labels: string[]; readonly buckets: number[] },
  ): Histogram {
    return new Histogram({ name, help, labelNames: labels, buckets, registers: [this.#registry] });
  }

  #counter(name: string, help: string, labels: string[]): Counter {
    return new Counter({ name, help, labelNames: labels, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labels: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames: labels, registers: [this.#registry] });
  }
}
