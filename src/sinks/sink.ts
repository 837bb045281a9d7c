import type { BelievedTime } from '../believed-time.js';
import type { BatchLimits } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { Event } from '../events/event.js';
import type { Log } from '../log.js';
import type { NotificationWriter } from '../notify/notifier.js';
import type { Outgoing } from '../outgoing.js';
import type { People } from '../people/people.js';
import type { Problems, Settings, Values } from '../settings/setting.js';
import type { KeyValues } from '../storage/key-values.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import type { SinkRows } from '../storage/publish.js';
import type { EventWriter, UsageWriter } from '../storage/queries.js';
import type { ReportedUsage } from '../usage/report/dataset-report.js';
import type { Rendering } from './rendering.js';

/**
 * A sink is one file with one constant of this type, and one line in the registry. Queue, dead letters, actors, restart
 * policy, settings, logger, metrics, status row and contract tests are derived from it.
 */
export interface SinkDefinition<S extends Settings = Settings, Config = unknown> {
  /** Lower case; names the actor, the queue (`event-sink.<name>`), the dead letters, the metric label. */
  readonly name: string;
  /** For people: `Google Analytics 4`. */
  readonly title: string;
  /**
   * Prefix of its settings' names: `GOOGLE` gives GOOGLE_CATEGORIES, GOOGLE_QUEUE, GOOGLE_BATCH_SIZE, GOOGLE_LINGER_MS.
   */
  readonly prefix: string;
  readonly settings: S;
  /** For people, which settings have to be there: `MONGODB_URI`. */
  readonly switchedOnBy: string;
  /** The sink's own slice, or undefined when it is switched off. Anything wrong goes to `problems`; never throws. */
  configure(values: Values<S>, problems: Problems): Config | undefined;
  /**
   * It keeps what it gets in the daemon's own storage: there is one of it in a daemon, and nothing has to be reached
   * for it. Other sinks can be had several times, under names of their own.
   */
  readonly storesWith?: 'storage';
  /**
   * It keeps the events themselves there: they can be queried, and the embedded broker may hand it its rows without a
   * detour.
   */
  readonly keepsEvents?: true;
  /**
   * The only categories that mean anything to it, and the default of its setting. Whatever else comes, what cannot be
   * read among it, is filtered, and never a dead letter of this sink.
   */
  readonly categories?: readonly string[];
  /** Two daemons on its queue would each know a part: RabbitMQ hands it to one at a time. */
  readonly singleConsumer?: true;
  /** Defaults; count and linger can be set by the user. */
  readonly batch: BatchLimits;
  /**
   * Its destination may get several batches at once, in any order, since each stands for itself: this many at most, by
   * default. Without it, a batch is sent when the one before it was answered, which keeps events in order.
   */
  readonly concurrency?: number;
  /** A write may take this long, ms; 30 s by default. */
  readonly writeDeadlineMs?: number;
  /** Takes bodies that are not JSON objects (`event.text`). Otherwise they are dead-lettered before they get here. */
  readonly acceptsText?: boolean;
  /** A channel: what it takes are notifications for people. */
  readonly notifies?: true;
  /**
   * It shows how Clowder is used: events about this daemon itself go there only when its setting names their category.
   */
  readonly analytics?: true;
  /** What happened before there was a daemon belongs there: an import goes there when it names no sinks. */
  readonly takesHistory?: true;
  /**
   * The destination takes no event older than this, by the event's own time, ms: those are left out and counted as too
   * old.
   */
  readonly maxAgeMs?: number;
  /** Dead letters that are better not sent again, because the destination refuses or doubles them by now. */
  readonly redriveLimit?: RedriveLimit;
  /**
   * Where it `storesWith` the daemon's storage: what it would write, so that the embedded broker may have it written in
   * the commit that accepts the events. Throws as `open` does.
   */
  keep?(config: Config, tools: Pick<SinkTools, 'idSecret'>): RowMaker;
  /**
   * What a session would write of an event, for `event-sink explain`: made by the very functions that `write` calls, so
   * that it cannot say something else than what is sent. Throws as `open` does.
   */
  renderer(config: Config, tools: RenderTools): Render | Promise<Render>;
  /** How `event-sink check` tries it beforehand; without it, by a session's probe. */
  readonly check?: SinkCheck<Config>;
  /** What its destination can be asked about people; without it, somebody has to ask there. */
  readonly people?: SinkPeople<Config>;
  /** Opens one living connection. Throws as `write` does. */
  open(config: Config, tools: SinkTools): Promise<SinkSession>;
}

/** Never throws and keeps nothing: an event can be rendered any number of times. */
export type Render = (event: Event) => Rendering;

/** Neither a connection nor storage: rendering reaches nothing and leaves nothing. */
export type RenderTools = Pick<SinkTools, 'name' | 'clock' | 'ageClock' | 'idSecret'>;

/** Declares a sink with its types inferred. */
export function defineSink<S extends Settings, Config>(
  definition: SinkDefinition<S, Config>,
): SinkDefinition<S, Config> {
  return definition;
}

/**
 * The runner promises: never two calls at once on a session, but for writes where the definition says `concurrency`,
 * and none of those hold the same id; no call after close; batches non-empty, in broker order, within the limits;
 * `signal` aborts at the write deadline or at shutdown; after any throw the session is closed and not used again.
 */
export interface SinkSession {
  /**
   * Resolves only when the destination has accepted everything that is not listed. Idempotent by `event.id`.
   * @param halt aborts when another of the writes at once has failed: requests that are under way may end, and no more
   *   are begun; what is not sent is deferred, or the write fails with a HaltedError
   * @throws TransientError, SetupError, or anything else (= a bug)
   */
  write(events: readonly Event[], signal: AbortSignal, halt?: AbortSignal): Promise<WriteResult>;
  /** Resolves when a write would have a chance. Throws as `write` does. */
  probe(signal: AbortSignal): Promise<void>;
  /** Never throws. */
  close(): Promise<void>;
}

/** Rows that are made together: there all at once, or not at all. Others are made before it is known which. */
export interface RowBatch {
  written: boolean;
}

export interface RowMaker {
  /** It needs what is known beside the events. */
  readonly usesContext?: true;
  /** What the sink makes of these events. */
  rowsOf(events: readonly Event[], batch: RowBatch): SinkRows;
}

/** What a destination can be asked without leaving anything there. */
export interface SinkCheck<Config> {
  /** What opening and probing try, in words. */
  readonly tries: string;
  /** The setting that says where the destination is. */
  setting(config: Config): string;
  /** What a person does when it cannot be reached. */
  readonly reach: string;
  /** What cannot be tried, and why. */
  readonly untried?: readonly { readonly what: string; readonly because: string }[];
  /** In place of the definition's `open`, where that makes something. */
  open?(config: Config, tools: SinkTools): Promise<Pick<SinkSession, 'probe' | 'close'>>;
}

/** What a destination can be asked about people: it has them as they are, or as pseudonyms, and `People` knows both. */
export interface SinkPeople<Config> {
  /**
   * Events of the person go, in others' events the person's fields go; again is no different. Resolves when the
   * destination has done it, or has taken the order. Throws as `write` does: then it is tried again.
   */
  erase(config: Config, people: People, tools: SinkTools, signal: AbortSignal): Promise<ErasedThere>;
  /** What it holds of them, each thing with what leads to it. */
  export?(config: Config, people: People, tools: SinkTools, signal: AbortSignal): AsyncIterable<unknown>;
}

export interface ErasedThere {
  /** Events that are gone, where the destination says how many. */
  readonly erased?: number;
  /** Events that are there without the person. */
  readonly changed?: number;
  /** What cannot be asked from here, and who can do it how. */
  readonly steps?: readonly string[];
}

export interface WriteResult {
  /** Bad events: dead-lettered with the reason, the rest of the batch counts as accepted. */
  readonly rejected?: readonly Rejection[];
  /**
   * Positions of events that are older than `maxAgeMs`, or than the destination keeps: left out, and counted as too
   * old.
   */
  readonly tooOld?: readonly number[];
  /** Events that must wait (a throttled user, say) while the rest goes on. */
  readonly deferred?: { readonly indexes: readonly number[]; readonly retryAfterMs: number };
  /** How many of the accepted ones the destination already had. */
  readonly duplicates?: number;
  /** Positions of those that the destination already had by their id, and that say something else. */
  readonly conflicts?: readonly number[];
}

export interface Rejection {
  /** Position in the batch. */
  readonly index: number;
  /** In words that a person understands; what the server said, when it said it. */
  readonly reason: string;
}

/** Why some events are better not sent to a sink again; declared by the sink. */
export interface RedriveLimit {
  readonly withinMs: number;
  /** Counted from the event's own time, or from when it was first tried. */
  readonly since: 'created' | 'first-seen';
  /** In words, for the person who asks. */
  readonly because: string;
}

export interface SinkTools {
  /** The sink's own name: one kind may have several. */
  readonly name: string;
  /**
   * To judge by whether an event is too old (`now`), or still to come (`latest`): a jump of the clock does not count at
   * once. Without it, `clock`.
   */
  readonly ageClock?: Pick<BelievedTime, 'now' | 'latest'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly keyValues: KeyValues;
  /** The local store, for the sink that fills it. */
  readonly events: EventWriter;
  /** The accesses that usage is counted from, for the sink that collects them. */
  readonly usage: UsageWriter;
  /** Where people are notified from, for the sink that collects what they want to know. */
  readonly notifications: NotificationWriter;
  /** The counts, for the sink that submits reports of them; undefined where usage is not counted. */
  readonly reported?: ReportedUsage | undefined;
  /**
   * What was counted lately, by sink and hour, from `since` on (epoch ms); undefined where nothing is counted.
   */
  readonly ledger?: (() => Promise<Pick<LedgerReport, 'hours'> & { readonly since: number }>) | undefined;
  /** Keys the hashes that stand for people. */
  readonly idSecret: string;
  /** For requests over HTTP. */
  readonly outgoing: Outgoing;
}
