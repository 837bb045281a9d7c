import type {
  Address,
  BrokerStatus,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterSelection,
  Durability,
  Message,
} from '../broker/broker.js';
import type { LetterFilter, RedriveReport, RedriveRequest } from '../broker/dead-letter-desk.js';
import type { ActorStatus } from '../status.js';

/**
 * All that the HTTP layer knows of the daemon behind it. The http actor implements it; tests fake it in a few lines.
 */
export interface Door {
  /**
   * Resolves when every message is durable.
   * @throws TransientError when they cannot be had now: 503 with Retry-After, nothing accepted
   */
  publish(messages: readonly Message[]): Promise<Durability>;
  /** @throws UnsupportedError without RabbitMQ, TransientError as above */
  publishTo(address: Address, body: string, messageId?: string): Promise<Durability>;
  /** @throws UnsupportedError when the local store is switched off */
  events(query: EventQuery): Promise<EventPage>;
  series(query: SeriesQuery): Promise<Series>;
  deadLetters(query: DeadLetterQuery & LetterFilter): Promise<DeadLetterPage>;
  redrive(request: RedriveRequest): Promise<RedriveReport>;
  removeDeadLetters(selection: DeadLetterSelection): Promise<number>;
  status(): Promise<DaemonStatus>;
  ledger(): Promise<LedgerReport>;
  /** Calls back with every event as it is stored locally, until the signal aborts. Never buffers for a slow reader. */
  tap(listener: (event: StoredEvent) => void, signal: AbortSignal): void;
  /** True once storage is open, the broker's first attempt has settled and the door can accept durably. */
  ready(): boolean;
}

export interface EventQuery {
  readonly category?: string;
  readonly type?: string;
  /** Epoch ms, inclusive; `to` is exclusive. Of `created`. */
  readonly from?: number;
  readonly to?: number;
  /** 1 to 1000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** An event as the API shows it: the fields flat, the daemon's own beside them. */
export interface StoredEvent {
  readonly id: string;
  readonly created: number;
  readonly category: string;
  readonly type?: string;
  readonly _source: string;
  readonly _received: number;
  readonly [field: string]: unknown;
}

/** Newest first by `created`; among equals, the one stored last. */
export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly nextCursor: string | null;
}

/** Events counted per step of time, by category; or the mean of a numeric field of one category. */
export interface SeriesQuery {
  readonly from: number;
  readonly to: number;
  /** ms, at least 1000; at most 1000 steps. */
  readonly step: number;
  readonly category?: string;
  /** A numeric field whose mean is wanted instead of the count. */
  readonly field?: string;
  /** Split by this field instead of by category. */
  readonly by?: string;
}

export interface Series {
  /** Start of each step, epoch ms. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

export interface SinkStatus {
  readonly sink: string;
  readonly title: string;
  readonly state: string;
  readonly queue: string;
  readonly pending: number;
  /** Epoch ms, of the oldest waiting event. */
  readonly oldest: number | null;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  /** Dead letters kept now. */
  readonly dead: number;
}

export interface DaemonStatus {
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly ready: boolean;
  /** What is wrong, in words, worst first; empty when all is well. */
  readonly problems: readonly { readonly what: string; readonly since: number; readonly mend: string }[];
  readonly broker: { readonly kind: 'embedded' | 'rabbitmq' } & BrokerStatus;
  readonly sinks: readonly SinkStatus[];
  readonly actors: readonly ActorStatus[];
}

/** Per sink since the beginning: `accepted = delivered + duplicates + filtered + dead + pending` when `exact`. */
export interface LedgerRow {
  readonly sink: string;
  /** Start of the hour, epoch ms; null in the totals. */
  readonly hour: number | null;
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  readonly dead: number;
}

export interface LedgerReport {
  /** The identity is exact on the embedded broker; with RabbitMQ the counters are this daemon's own. */
  readonly exact: boolean;
  readonly balanced: boolean;
  readonly sinks: readonly (LedgerRow & { readonly pending: number; readonly difference: number })[];
  /** The last 48 hours. */
  readonly hours: readonly LedgerRow[];
}
