import type { AvailabilityRequest } from '../availability/availability.js';
import type { ServiceReport } from '../availability/report.js';
import type {
  Address,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterSelection,
  Durability,
  MessageProperties,
} from '../broker/broker.js';
import type { ReloadReport } from '../config/running.js';
import type { Erasures } from '../erasure/erasures.js';
import type { Search } from '../erasure/search.js';
import type { Message } from '../events/message.js';
import type { Explain } from '../explain/explain.js';
import type { Imported, PastEvents } from '../import/history.js';
import type { DeadLetterFilter, RedriveReport, RedriveRequest } from '../status/dead-letter-admin.js';
import type { DaemonStatus } from '../status/report.js';
import type { StatusPage } from '../status-page/status-page.js';
import type { DeclaredMaintenance } from '../storage/availability.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import type { EventPage, EventQuery, Series, SeriesQuery, StoredEvent } from '../storage/queries.js';
import type { MonthlyUsage } from '../usage/monthly-usage.js';
import type { Usage } from '../usage/usage.js';

/**
 * All that the HTTP layer knows of the daemon behind it. status/backend.ts implements it; tests fake it in a few lines.
 */
export interface Backend {
  /**
   * Resolves when every message is durable.
   * @throws TransientError when they cannot be had now: 503 with Retry-After, nothing accepted; IdConflictError when an
   * id was given to another event within a day
   */
  publish(messages: readonly Message[]): Promise<Durability>;
  /** Past events, for some sinks. @throws as `History.import` does */
  import(events: PastEvents): Promise<Imported>;
  /**
   * @throws UnsupportedError without RabbitMQ, UnroutableError when there is no such queue
   * or exchange, TransientError as above
   */
  publishTo(address: Address, body: string, properties?: MessageProperties): Promise<Durability>;
  /** @throws UnsupportedError when the local store is switched off */
  events(query: EventQuery): Promise<EventPage>;
  series(query: SeriesQuery): Promise<Series>;
  deadLetters(query: DeadLetterQuery & DeadLetterFilter): Promise<DeadLetterPage>;
  redrive(request: RedriveRequest): Promise<RedriveReport>;
  removeDeadLetters(selection: DeadLetterSelection): Promise<number>;
  status(): Promise<DaemonStatus>;
  /** Reads all settings anew. @throws SettingsError when they cannot be used, TransientError while the daemon stops */
  reload(by: string): Promise<ReloadReport>;
  ledger(): Promise<LedgerReport>;
  /** All that this sink is missing now is known to a person. Durable when it resolves. */
  acknowledgeMissing(sink: string): Promise<LedgerReport>;
  /** Calls back with every event as it is stored locally, until the signal aborts. Never buffers for a slow reader. */
  listen(listener: (event: StoredEvent) => void, signal: AbortSignal): void;
  /** Why events cannot be accepted durably now, in words for anybody; undefined when they can. */
  unready(): string | undefined;
  /** What would become of the events of a text. @throws InputError when it is not of its kind */
  readonly explain: Explain;
  /** How available services were, in the days of a time zone. */
  availability(request: AvailabilityRequest): Promise<readonly ServiceReport[]>;
  /** What declared maintenance, by the id of its event; undefined where no event of that id did. */
  declaredMaintenance(id: string): Promise<DeclaredMaintenance | undefined>;
  /** Whose services these are, for titles of pages. */
  readonly platform: string | undefined;
  /** Undefined when STATUS_PAGE is off. */
  readonly statusPage: Pick<StatusPage, 'view'> | undefined;
  /** People: what is held of them, and their erasure. */
  readonly erasures: Pick<Erasures, 'erase' | 'list'> & {
    readonly search: Pick<Search, 'isBusy' | 'export' | 'preview'>;
  };
  /** Undefined when USAGE is off. */
  readonly usage:
    | (Pick<
        Usage,
        'config' | 'query' | 'report' | 'recompute' | 'leftOut' | 'months' | 'waiting' | 'completeness' | 'audit'
      > & {
        readonly reopening: Pick<Usage['reopening'], 'finish' | 'recount'>;
      })
    | undefined;
  /** Undefined when USAGE is off. */
  readonly monthly: MonthlyUsage | undefined;
}
