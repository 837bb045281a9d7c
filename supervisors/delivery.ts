import { dispatch } from 'nact';
import { ask, type Parent, type Supervisor, spawnSupervisor, stopChild } from '../actors/actor.js';
import { spawnConsumer } from '../actors/consumer.js';
import type { Actor, ConsumerMessage } from '../actors/protocol.js';
import { spawnSink } from '../actors/sink.js';
import { BelievedTime } from '../src/believed-time.js';
import type { Broker } from '../src/broker/broker.js';
import type { Clock } from '../src/clock.js';
import type { ConfiguredSink } from '../src/config/config.js';
import type { Context } from '../src/context/context.js';
import { Concurrency } from '../src/delivery/concurrency.js';
import type { DeliveryMeter } from '../src/delivery/meter.js';
import { Pace } from '../src/delivery/pace.js';
import { createPrepare, type FirstSeen } from '../src/delivery/prepare.js';
import { Rate } from '../src/delivery/rate.js';
import { StoredSinks } from '../src/delivery/stored-sinks.js';
import type { Writes } from '../src/delivery/writes.js';
import { describe } from '../src/errors.js';
import type { SinkStalls, Stalls } from '../src/event-loop/stalls.js';
import type { Log } from '../src/log.js';
import type { NotificationWriter } from '../src/notify/notifier.js';
import { Outgoing, type Proxies } from '../src/outgoing.js';
import { personalFilter } from '../src/people/personal-data.js';
import type { Suppression } from '../src/people/suppression.js';
import { sameSlice } from '../src/settings/same-slice.js';
import type { RowMaker, SinkDefinition, SinkTools } from '../src/sinks/sink.js';
import type { StatusBoard } from '../src/status/board.js';
import type { Conflicts } from '../src/status/conflicts.js';
import type { Metrics } from '../src/status/metrics.js';
import type { EventStore } from '../src/storage/event-store.js';
import { keptHours } from '../src/storage/ledger.js';
import type { Storage } from '../src/storage/storage.js';
import type { ReportedUsage } from '../src/usage/report/dataset-report.js';
import { type Child, Children } from './children.js';
import type { PartOptions } from './part.js';
import { createRestartPolicy, escalate, resetSink, restartTree, resumeAfterDefect } from './restart.js';

export interface DeliveryOptions extends PartOptions {
  readonly wanted: WantedSinks;
  readonly proxies: Proxies;
  /** What makes pseudonyms of people (ID_SECRET). */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly conflicts: Conflicts;
  readonly giveUp: AbortSignal;
  readonly stalls: Stalls;
  readonly context: Context;
  readonly notifications: NotificationWriter;
  /** Undefined where usage is not counted. */
  readonly usage: ReportedUsage | undefined;
  readonly suppression: Suppression;
  readonly writes: Writes;
}

/** What each sink works with, by its name. */
export type ToolsOf = (sink: string) => SinkTools;

const writeDeadlineMs = 30_000;
/** How far back the ledger shows hours, ms. */
const ledgerMs = keptHours * 3_600_000;

/** What delivery is made from. */
export interface WantedSinks {
  readonly sinks: readonly ConfiguredSink[];
  readonly holdMs: number;
}

export interface Delivery {
  readonly toolsOf: ToolsOf;
  /** Restarts the sinks that are configured otherwise, each with its queue where it is. Returns their paths. */
  reload(wanted: WantedSinks, hurry: AbortSignal): Promise<readonly string[]>;
}

/** A supervisor for each sink, with its consumer and its sink actor. */
export async function startDelivery(options: DeliveryOptions): Promise<Delivery> {
  const { root, board, clock, log, onFailure, onStop, broker, storage, giveUp } = options;
  const outgoing = new Outgoing(options.proxies);
  const delivery = spawnSupervisor(root, 'delivery', board, restartTree(onFailure));
  const tools: ToolsOf = sink => ({
    name: sink,
    log: log.child({ sink }),
    clock,
    keyValues: storage.keyValues(`sink.${sink}`),
    events: storage.events,
    notifications: options.notifications,
    reported: options.usage,
    usage: { fold: accesses => storage.write('foldUsage', accesses) },
    ledger: async () => ({ hours: (await broker.ledger()).hours, since: clock.now() - ledgerMs }),
    idSecret: options.idSecret,
    outgoing,
  });
  const meter = meterOf(options);
  const stored = new StoredSinks({ meter, clock, context: options.context, suppression: options.suppression });
  broker.deliverStored?.(stored);
  const children = new Children<WantedSink>({
    pathOf: name => `delivery/${name}`,
    same: (one, other) => sameSlice(comparable(one), comparable(other)),
    ...{ board, clock, log },
    start: async (name, { sink, holdMs }) => {
      await broker.addQueue(sink.queue);
      return startSink(delivery, sink, tools(name), {
        broker,
        board,
        clock,
        log,
        meter,
        firstSeen: ids => storage.firstSeen(ids),
        holdMs,
        writeDeadlineMs,
        giveUp,
        stalls: options.stalls.of(name),
        events: storage.events,
        stored,
        context: options.context,
        idSecret: options.idSecret,
        suppression: options.suppression,
        writes: options.writes,
      });
    },
  });
  onStop('delivery', () => children.close(giveUp));
  let names: readonly string[] = [];
  const become: Delivery['reload'] = async ({ sinks, holdMs }, hurry) => {
    const wanted = new Map(sinks.map(sink => [sink.definition.name, { sink, holdMs }] as const));
    const changed = await children.become(wanted, hurry);
    const left = names.filter(name => !wanted.has(name));
    names = [...wanted.keys()];
    for (const name of left) {
      await broker.leaveQueue(name).catch((error: unknown) => {
        log.warn({ sink: name, reason: describe(error) }, 'queue.unleft');
      });
    }
    return changed;
  };
  await become(options.wanted, giveUp);
  return { toolsOf: tools, reload: become };
}

interface WantedSink {
  readonly sink: ConfiguredSink;
  readonly holdMs: number;
}

/** Its definition and its filter are code, which follows from its name and from what was given. */
function comparable({ sink: { definition, filter, ...sink }, holdMs }: WantedSink): unknown {
  return { ...sink, holdMs };
}

/** A sink of its own life: it ends when its part is wanted no more, or with the daemon. */
function startSink(
  parent: Parent,
  sink: ConfiguredSink,
  tools: SinkTools,
  options: Omit<SinkSupervision, 'stopping'>,
): Child {
  // Aborted once the consumer is draining, and not before: a wait that ends sooner is followed by one try
  // after the other.
  const stopping = new AbortController();
  const hurried = new AbortController();
  const giveUp = AbortSignal.any([options.giveUp, hurried.signal]);
  const { supervisor, consumer } = superviseSink(parent, sink, tools, {
    ...options,
    stopping: stopping.signal,
    giveUp,
  });
  return {
    stop: async hurry => {
      const abort = (): void => hurried.abort();
      if (hurry.aborted) abort();
      hurry.addEventListener('abort', abort, { once: true });
      options.stored?.remove(sink.definition.name);
      const drained = ask<void>(reply => dispatch(consumer, { type: 'drain', reply }));
      stopping.abort();
      await drained;
      hurry.removeEventListener('abort', abort);
      await stopChild(parent, supervisor);
    },
  };
}

export interface SinkSupervision {
  readonly broker: Broker;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: DeliveryMeter;
  readonly firstSeen: FirstSeen;
  readonly holdMs: number;
  readonly writeDeadlineMs: number;
  /** Aborts when shutdown begins: ends every backoff. */
  readonly stopping: AbortSignal;
  /** Aborts when the shutdown runs out of time: ends every write. */
  readonly giveUp: AbortSignal;
  readonly random?: () => number;
  readonly stalls?: SinkStalls;
  /** Where a sink that keeps its events in the daemon's own storage has them. */
  readonly events?: EventStore;
  /** The sinks that the embedded broker serves without a queue. */
  readonly stored?: StoredSinks;
  /** What is known beside the events. */
  readonly context?: Context;
  readonly idSecret: string;
  /** Whose events go nowhere any more. */
  readonly suppression?: Suppression;
  readonly writes?: Writes;
}

/** One consumer and one sink actor for one sink: what goes wrong with it stays here. */
export function superviseSink(
  parent: Parent,
  { definition, config, batch, concurrency, filter, personal, rate }: ConfiguredSink,
  tools: SinkTools,
  options: SinkSupervision,
): { readonly supervisor: Supervisor; readonly consumer: Actor<ConsumerMessage> } {
  const { broker, board, clock, meter, firstSeen, holdMs, stopping, giveUp } = options;
  const { random, stalls, events, context, suppression } = options;
  const log = options.log.child({ sink: definition.name });
  const withoutPeople = personalFilter(personal, options.idSecret);
  const supervisor = spawnSupervisor(parent, definition.name, board, (error, child) => decide(error, child));
  const policy = createRestartPolicy({
    ...{ status: board.line(`${supervisor.status.path}/sink`), clock, log, stopping },
    ...(random === undefined ? {} : { random }),
  });
  const maker = rowMakerOf(definition, config, tools);
  if (maker !== undefined)
    options.stored?.add({
      ...{ sink: definition.name, filter, withoutPeople, maker },
      events: definition.keepsEvents ? events : undefined,
      onDelivered: () => policy.succeeded(),
    });
  else if (definition.categories !== undefined) options.stored?.addSelective({ sink: definition.name, filter });
  const deadlineMs = definition.writeDeadlineMs ?? options.writeDeadlineMs;
  const believed = new BelievedTime(clock);
  const decide = resetSink(policy);
  const consumer = spawnConsumer(
    supervisor,
    {
      sink: definition.name,
      broker,
      limits: batch,
      prepare: createPrepare({
        filter,
        isSelective: definition.categories !== undefined,
        acceptsText: definition.acceptsText ?? false,
        ...{ suppression, withoutPeople, firstSeen, context },
        clock: believed,
        ...(definition.maxAgeMs === undefined ? {} : { maxAgeMs: definition.maxAgeMs }),
      }),
      holdMs,
      ...{ pace: new Pace({ limit: batch.count, deadlineMs }), concurrency: new Concurrency(concurrency) },
      policy,
      suppression,
      writes: options.writes,
      stalls,
      board,
      clock,
      log,
      giveUp,
      onCrash: resumeAfterDefect(log),
    },
    actor =>
      spawnSink(supervisor, actor, {
        definition,
        config,
        tools: { ...tools, ageClock: believed },
        policy,
        board,
        clock,
        meter,
        writeDeadlineMs: deadlineMs,
        giveUp,
        stalls,
        rate: rate === undefined ? undefined : new Rate(rate, clock),
        onCrash: escalate,
      }),
  );
  return { supervisor, consumer };
}

/** A sink that cannot be opened now says so in its own place, and is served through its queue. */
function rowMakerOf(definition: SinkDefinition, config: unknown, tools: SinkTools): RowMaker | undefined {
  try {
    return definition.keep?.(config, tools);
  } catch {
    return undefined;
  }
}

function meterOf({ metrics, conflicts, clock }: DeliveryOptions): DeliveryMeter {
  return {
    written: (sink, count, milliseconds, oldest) =>
      metrics.batchWritten(sink, count, milliseconds, clock.now() - oldest),
    conflicted: (sink, ids) => conflicts.add(sink, ids),
    failed: (sink, fault, milliseconds) => metrics.batchFailed(sink, fault === 'bug' ? 'failed' : 'held', milliseconds),
  };
}
