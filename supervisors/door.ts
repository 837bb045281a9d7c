import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Broker, Durability, QueueInfo } from '../src/broker/broker.js';
import type { DeadLetterDesk } from '../src/broker/dead-letter-desk.js';
import type { Clock } from '../src/clock.js';
import type { ConfiguredSink } from '../src/config.js';
import { TransientError, UnsupportedError } from '../src/errors.js';
import type { DaemonStatus, Door, LedgerReport, SeriesQuery, SinkStatus } from '../src/http/door.js';
import type { SettledCounters } from '../src/ledger.js';
import { type FoundProblem, problemsOf } from '../src/problems.js';
import { sharedAnswer, sharedAnswers } from '../src/shared-answer.js';
import type { StatusBoard } from '../src/status.js';
import type { Storage } from '../src/storage/storage.js';
import { version } from '../src/version.js';

export interface DoorOptions {
  readonly desk: DeadLetterDesk;
  readonly publisher: Actor<PublisherMessage>;
  readonly broker: Broker;
  readonly storage: Storage;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly counters: SettledCounters;
  /** Queues that no sink takes from. */
  readonly orphans: () => readonly QueueInfo[];
  readonly sinks: readonly ConfiguredSink[];
  /** The local store is on. */
  readonly local: boolean;
  readonly started: number;
  /** The broker's first attempt has settled. */
  readonly ready: () => boolean;
}

/** What the HTTP layer sees of the daemon. */
export function createDoor(options: DoorOptions): Door {
  const { desk, broker, storage, clock, board, counters, sinks, orphans, started, ready } = options;
  const { publish, publishTo } = publishThrough(options.publisher);

  const whenReady = <T>(work: () => Promise<T>): Promise<T> =>
    ready() ? work() : Promise.reject(new TransientError('the daemon is starting', { retryAfterMs: 1_000 }));

  const stored = <T>(work: () => Promise<T>): Promise<T> =>
    options.local
      ? work()
      : Promise.reject(
          new UnsupportedError('the local store is switched off; set LOCAL_STORE=on to query events here'),
        );

  const ledger = async (): Promise<LedgerReport> => {
    if (broker.kind === 'embedded') return storage.ledger();
    const rows = await Promise.all(
      sinks.map(async ({ definition: { name: sink } }) => {
        const { ready: waiting, unsettled } = await depthOf(sink);
        const settled = counters.of(sink);
        const pending = waiting + unsettled;
        const accepted = settled.delivered + settled.duplicates + settled.filtered + settled.dead + pending;
        return { sink, hour: null, accepted, ...settled, pending, difference: 0 };
      }),
    );
    return { exact: false, balanced: true, sinks: rows, hours: [] };
  };

  const depthOf = (sink: string) =>
    broker.depth(sink).catch(() => ({ ready: 0, unsettled: 0, consumers: 0, oldest: undefined }));

  const sinkStatus = async ({ definition, queue }: ConfiguredSink, report: LedgerReport): Promise<SinkStatus> => {
    const { name: sink, title } = definition;
    const [depth, dead] = await Promise.all([depthOf(sink), broker.deadLetters.count(sink).catch(() => 0)]);
    const row = report.sinks.find(line => line.sink === sink);
    return {
      sink,
      title,
      state: board.get(`delivery/${sink}/sink`)?.state ?? 'starting',
      queue: queue.name,
      pending: depth.ready + depth.unsettled,
      oldest: depth.oldest ?? null,
      delivered: row?.delivered ?? 0,
      duplicates: row?.duplicates ?? 0,
      filtered: row?.filtered ?? 0,
      dead,
    };
  };

  /** Counting what waits reads the whole backlog: once in a while is enough for the status. */
  const recentLedger = sharedAnswer(clock, 2_000, ledger);
  const series = sharedAnswers(clock, 1_000, (query: SeriesQuery) => storage.events.series(query));
  const sinceOf = createSince();

  const askStatus = async (): Promise<DaemonStatus> => {
    const now = clock.now();
    const state = broker.status();
    const shown = { ready: 'running', outbox: 'holding', down: 'failed' } as const;
    board.update('broker', {
      state: shown[state.state],
      detail: { kind: broker.kind, detail: state.detail, outbox: state.outbox },
    });
    const report = await recentLedger();
    const rows = await Promise.all(sinks.map(sink => sinkStatus(sink, report)));
    const findings = { broker: state, sinks: rows, ledger: report, orphans: orphans() };
    const actors = board.all();
    const brokerSince = board.get('broker')?.since ?? now;
    return {
      version,
      started,
      now,
      ready: ready(),
      problems: sinceOf(problemsOf({ ...findings, brokerSince, actors }), now),
      broker: { kind: broker.kind, ...state },
      sinks: rows,
      actors,
    };
  };

  return {
    publish: messages => whenReady<Durability>(() => publish(messages)),
    publishTo: (address, body, messageId) => whenReady<Durability>(() => publishTo(address, body, messageId)),
    events: query => stored(() => storage.events.query(query)),
    series: query => stored(() => series(query)),
    deadLetters: query => desk.list(query),
    redrive: request => desk.redrive(request),
    removeDeadLetters: selection => broker.deadLetters.remove(selection),
    status: sharedAnswer(clock, 200, askStatus),
    ledger: sharedAnswer(clock, 200, ledger),
    tap: (listener, signal) => storage.events.tap(listener, signal),
    ready,
  };
}

/** A problem without a beginning of its own is dated from when it was first seen, for as long as it stays. */
function createSince() {
  let known = new Map<string, number>();
  return (problems: readonly FoundProblem[], now: number): DaemonStatus['problems'] => {
    known = new Map(problems.map(({ key, since }) => [key, since ?? known.get(key) ?? now]));
    return problems.map(({ key, what, mend }) => ({ what, since: known.get(key) ?? now, mend }));
  };
}
