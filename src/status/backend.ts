import type { Availability, AvailabilityRequest } from '../availability/availability.js';
import type {
  Address,
  Broker,
  DeadLetterQuery,
  DeadLetterSelection,
  Durability,
  MessageProperties,
  QueueInfo,
} from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { ConfiguredSink } from '../config/config.js';
import type { ReloadReport, SettingsStatus } from '../config/running.js';
import type { Context } from '../context/context.js';
import type { Erasures } from '../erasure/erasures.js';
import { TransientError, UnsupportedError } from '../errors.js';
import type { StallSummary } from '../event-loop/stalls.js';
import type { Message } from '../events/message.js';
import type { Explain } from '../explain/explain.js';
import type { Countries } from '../geoip/countries.js';
import { History, type PastEvents } from '../import/history.js';
import { singleFlight, singleFlightBy } from '../single-flight.js';
import type { StatusPage } from '../status-page/status-page.js';
import { IdRegister } from '../storage/id-register.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import type { EventQuery, SeriesQuery, StoredEvent } from '../storage/queries.js';
import type { Storage } from '../storage/storage.js';
import type { MonthlyUsage } from '../usage/monthly-usage.js';
import type { Usage } from '../usage/usage.js';
import { version } from '../version.js';
import { AcknowledgedMissing } from './acknowledged-missing.js';
import { actorPaths } from './actor-paths.js';
import type { StatusBoard, StatusLine } from './board.js';
import type { Conflicts } from './conflicts.js';
import type { DeadLetterAdmin, DeadLetterFilter, RedriveRequest } from './dead-letter-admin.js';
import type { FoundProblem } from './found-problem.js';
import { LastKnown } from './last-known.js';
import { ProblemDates } from './problem-dates.js';
import { deadLettersKey, problemsOf, unjudged } from './problems.js';
import type { DaemonStatus, SinkStatus } from './report.js';
import { servicesOf } from './services.js';
import { settingsProblems } from './settings-problems.js';
import { pageWithContext, withContext } from './stored-events.js';

export interface BackendOptions {
  readonly deadLetterAdmin: DeadLetterAdmin;
  /** Through the publisher actor; resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  readonly publishTo: (address: Address, body: string, properties?: MessageProperties) => Promise<Durability>;
  readonly broker: Broker;
  /** The broker's line on the status board, written here: a broker reports its state when it is asked. */
  readonly brokerStatus: StatusLine;
  readonly storage: Storage;
  readonly board: StatusBoard;
  readonly clock: Clock;
  /** Queues that no sink consumes; undefined = not known yet. */
  readonly orphans: () => readonly QueueInfo[] | undefined;
  /** What is wrong with the HTTP listener. */
  readonly listenerProblems: () => readonly FoundProblem[];
  readonly countries?: Pick<Countries, 'status'>;
  /** As they are configured now. */
  readonly sinks: () => readonly ConfiguredSink[];
  /** What is wrong with the keys. */
  readonly keyProblems: () => readonly FoundProblem[];
  readonly settings: () => SettingsStatus;
  readonly reload: (by: string) => Promise<ReloadReport>;
  readonly started: number;
  /** How the event loop has stood, since the start. */
  readonly stalls?: () => StallSummary;
  readonly conflicts: Conflicts;
  readonly context: Pick<Context, 'of' | 'load' | 'status'>;
  readonly usage: Usage | undefined;
  readonly monthly: MonthlyUsage | undefined;
  readonly availability: Pick<Availability, 'report'>;
  readonly explain: Explain;
  readonly statusPage: StatusPage | undefined;
  readonly erasures: Erasures;
  readonly platform: string | undefined;
}

const isQueryable = ({ definition }: Pick<ConfiguredSink, 'definition'>): boolean => definition.keepsEvents === true;

/** What the HTTP layer sees of the daemon. */
export function createBackend(options: BackendOptions) {
  const { deadLetterAdmin, broker, storage, clock, board, sinks, orphans, started, brokerStatus, publish, publishTo } =
    options;
  const { conflicts, context } = options;
  const ids = new IdRegister({
    storage,
    keeps: broker.kind === 'embedded' ? 'with' : 'before',
    onConflict: names => conflicts.add('arrival', names),
  });
  /** HTTP starts last, so whoever can ask finds everything else started. */
  const unready = (): string | undefined => {
    const { state, detail } = broker.status();
    if (state !== 'down') return undefined;
    // Without a key nobody learns where RabbitMQ is.
    return broker.kind === 'embedded' ? detail : 'neither RabbitMQ nor the outbox on this disk takes them';
  };

  const stored = <T>(work: () => Promise<T>): Promise<T> =>
    sinks().some(isQueryable)
      ? work()
      : Promise.reject(
          new UnsupportedError('the local store is switched off; set LOCAL_STORE=on to query events here'),
        );

  const acknowledged = new AcknowledgedMissing(storage.keyValues('acknowledged-missing'));
  const ledger = async (): Promise<LedgerReport> => acknowledged.applyTo(await broker.ledger());
  const acknowledgeMissing = async (sink: string): Promise<LedgerReport> => {
    const report = await broker.ledger();
    await acknowledged.acknowledge(sink, report);
    return acknowledged.applyTo(report);
  };

  const deadLetters = new LastKnown(sink => broker.deadLetters.count(sink));
  const depthOf = (sink: string) => broker.depth(sink).catch(() => undefined);

  const sinkStatus = async (
    { definition, queue, batch, concurrency }: ConfiguredSink,
    report: LedgerReport,
  ): Promise<SinkStatus> => {
    const { name: sink, title } = definition;
    const [depth, dead] = await Promise.all([depthOf(sink), deadLetters.of(sink)]);
    const row = report.sinks.find(line => line.sink === sink);
    const { batch_size: size, concurrency: atOnce } = board.get(actorPaths.consumer(sink))?.detail ?? {};
    return {
      sink,
      title,
      queryable: isQueryable({ definition }),
      state: board.get(actorPaths.sink(sink))?.state ?? 'starting',
      queue: queue.name,
      pending: depth === undefined ? null : depth.ready + depth.unsettled,
      oldest: depth?.oldest ?? null,
      delivered: row?.delivered ?? 0,
      duplicates: row?.duplicates ?? 0,
      filtered: row?.filtered ?? 0,
      dead: dead ?? null,
      batch_size: typeof size === 'number' ? size : batch.count,
      batch_limit: batch.count,
      concurrency: typeof atOnce === 'number' ? atOnce : 1,
      concurrency_limit: concurrency,
    };
  };

  /** Dead letters are there since the oldest of them. */
  const began = async (key: string): Promise<number | undefined> => {
    const sink = sinks().find(({ definition }) => deadLettersKey(definition.name) === key)?.definition.name;
    if (sink === undefined) return undefined;
    const { deadLetters } = await broker.deadLetters.list({ sink, limit: 1 });
    return deadLetters[0]?.deadAt;
  };

  /** Counting what waits reads the whole backlog: every two seconds is enough for the status. */
  const recentLedger = singleFlight(clock, 2_000, ledger);
  const series = singleFlightBy(clock, 1_000, (query: SeriesQuery) => storage.events.series(query));
  const dates = new ProblemDates({ keyValues: storage.keyValues('problems'), clock, began });

  /** As they were last found. */
  let problems: Awaited<ReturnType<ProblemDates['date']>> = [];
  let isUnjudged: (key: string) => boolean = () => true;
  const history = new History({
    sinks: () => sinks().map(({ definition }) => definition),
    publish,
    depth: async sink => {
      const { state, detail } = broker.status();
      // What stands in the outbox would take room from what happens now.
      if (state !== 'ready') throw new TransientError(detail);
      return broker.depth(sink);
    },
    storage,
    reopening: options.usage?.reopening,
    countsLog: options.usage?.config.source === 'nginx',
    clock,
  });

  const askStatus = async (): Promise<DaemonStatus> => {
    const now = clock.now();
    const { since, ...state } = broker.status();
    const shown = { ready: 'running', outbox: 'holding', down: 'holding' } as const;
    brokerStatus.update({
      state: shown[state.state],
      detail: { kind: broker.kind, detail: state.detail, outbox: state.outbox },
    });
    const report = await recentLedger();
    const actors = board.all();
    const settings = options.settings();
    const rows = await Promise.all(sinks().map(sink => sinkStatus(sink, report)));
    const findings = {
      broker: state,
      sinks: rows,
      ledger: report,
      orphans: orphans(),
      keys: options.keyProblems(),
      settings: settingsProblems(settings, actors),
      listener: options.listenerProblems(),
      conflicts: conflicts.problems,
      ...(options.countries === undefined ? {} : { countries: options.countries.status }),
      context: context.status,
      stalls: options.stalls?.(),
      now,
    };
    const kept = { storage: storage.problems(), embedded: broker.kind === 'embedded' };
    const brokerSince = since ?? brokerStatus.status.since;
    const services = servicesOf(actors);
    const found = problemsOf({ ...findings, ...kept, brokerSince, services, actors });
    isUnjudged = unjudged(findings);
    const standing = problems.filter(({ key }) => isUnjudged(key));
    problems = await dates.date([...standing, ...found], isUnjudged);
    return {
      version,
      started,
      now,
      ready: state.state !== 'down',
      problems: problems.map(({ what, since: began, fix }) => ({ what, since: began, fix })),
      broker: { kind: broker.kind, ...state },
      storage: { lost: storage.lost() },
      context: context.status,
      settings,
      sinks: rows,
      services,
      actors,
    };
  };

  return {
    publish: (messages: readonly Message[]) => ids.publish(messages, publish),
    import: (past: PastEvents) => history.import(past),
    publishTo,
    events: (query: EventQuery) => stored(async () => pageWithContext(await storage.events.query(query), context)),
    series: (query: SeriesQuery) => stored(() => series(query)),
    deadLetters: (query: DeadLetterQuery & DeadLetterFilter) => deadLetterAdmin.list(query),
    redrive: (request: RedriveRequest) => deadLetterAdmin.redrive(request),
    removeDeadLetters: (selection: DeadLetterSelection) => broker.deadLetters.remove(selection),
    status: singleFlight(clock, 200, askStatus),
    problems: () => problems,
    /** Whether a problem that was not found may stand all the same, by its key. */
    isUnjudged: (key: string) => isUnjudged(key),
    reload: options.reload,
    ledger: singleFlight(clock, 200, ledger),
    acknowledgeMissing,
    listen: (listener: (event: StoredEvent) => void, signal: AbortSignal) =>
      storage.events.listen(event => listener(withContext(event, context)), signal),
    unready,
    explain: options.explain,
    usage: options.usage,
    monthly: options.monthly,
    statusPage: options.statusPage,
    platform: options.platform,
    erasures: options.erasures,
    availability: (request: AvailabilityRequest) => options.availability.report(request),
    declaredMaintenance: (id: string) => storage.read('declaredMaintenance', { id }),
  };
}
