import type { AvailabilityRequest } from '../../src/availability/availability.js';
import { reportOf, type ServiceReport } from '../../src/availability/report.js';
import { bucketOf } from '../../src/availability/response-times.js';
import type {
  Address,
  DeadLetterQuery,
  DeadLetterSelection,
  Durability,
  MessageProperties,
} from '../../src/broker/broker.js';
import { systemClock } from '../../src/clock.js';
import type { ReloadReport } from '../../src/config/running.js';
import { type Receipt, untried } from '../../src/erasure/receipt.js';
import type { Message } from '../../src/events/message.js';
import type { Backend } from '../../src/http/backend.js';
import { type Imported, type PastEvents, SinkNamesError } from '../../src/import/history.js';
import type { RedriveReport, RedriveRequest } from '../../src/status/dead-letter-admin.js';
import type { DaemonStatus } from '../../src/status/report.js';
import { StatusPage } from '../../src/status-page/status-page.js';
import type { AvailabilityRecord, DeclaredMaintenance } from '../../src/storage/availability.js';
import type { LedgerReport } from '../../src/storage/ledger-report.js';
import type { EventQuery, SeriesQuery, StoredEvent } from '../../src/storage/queries.js';
import { figuresOf } from '../../src/usage/figures.js';
import type { MonthlyReport } from '../../src/usage/monthly/report.js';
import { usageConfig } from '../usage/scene.js';

const at = 1709544703342;

export const sampleEvent: StoredEvent = {
  id: 'event-1',
  created: at,
  category: 'download',
  type: 'file',
  resource_id: '65a89edca4bbe9b699ba4be4',
  _source: 'http',
  _received: at,
};

const figures = {
  investigations: 7,
  requests: 3,
  uniqueInvestigations: 5,
  uniqueRequests: 2,
  bytes: 700,
  requestBytes: 300,
  users: 2,
};

const sums = { regular: figuresOf(figures), machine: figuresOf(figures), users: { regular: 2, machine: 2 } };
const group = { id: 'space-1', title: 'Plants', datasets: 1, ...sums };

const monthlyReport: MonthlyReport = {
  month: '2026-03',
  created: at,
  closed: at,
  platform: 'Example Archive',
  publisher: null,
  publisher_id: null,
  source: 'nginx',
  complete: false,
  missing: ['2 events are still to be counted'],
  notes: [],
  total: sums,
  month_before: { month: '2026-02', ...sums },
  year_before: null,
  months: [{ month: '2026-03', ...sums }],
  spaces: [group],
  datasets: [{ id: 'dataset-1', title: 'Corn', doi: null, kind: 'dataset', ...sums }],
  owners: [{ ...group, id: null, title: null }],
  countries: [{ id: 'de', regular: figuresOf(figures), machine: '< 3' }],
  left_out: { robot: 4 },
};

const status: DaemonStatus = {
  version: '1.0.0',
  started: at,
  now: at + 1000,
  ready: true,
  problems: [{ what: 'MongoDB does not answer', since: at, fix: 'start it' }],
  broker: { kind: 'embedded', state: 'ready', detail: 'embedded', outbox: 0 },
  storage: { lost: {} },
  context: { resources: 0, waiting: 0, clowder: null, obstacle: null },
  settings: { file: null, version: '0123456789ab', since: at, read: at, needsRestart: [], problems: [] },
  sinks: [
    {
      sink: 'mongodb',
      title: 'MongoDB',
      queryable: false,
      state: 'holding',
      queue: 'event-sink.mongodb',
      pending: 3,
      oldest: at,
      delivered: 5,
      duplicates: 1,
      filtered: 0,
      dead: 1,
      batch_size: 250,
      batch_limit: 500,
      concurrency: 1,
      concurrency_limit: 1,
    },
  ],
  services: [
    {
      service_name: 'clowder',
      target: 'http://clowder/healthz',
      state: 'down',
      since: at,
      checked: at + 900,
      reason: 'connection refused',
      response_time: null,
      uptime: 99.5,
    },
  ],
  actors: [
    {
      path: 'delivery/mongodb/sink',
      state: 'holding',
      since: at,
      restarts: 2,
      lastError: { fault: 'transient', message: 'connection refused', at },
      nextTry: at + 500,
      detail: { batches: 4 },
    },
    { path: 'http', state: 'running', since: at, restarts: 0, lastError: undefined, nextTry: undefined, detail: {} },
  ],
};

const ledger: LedgerReport = {
  exact: true,
  balanced: true,
  sinks: [
    {
      sink: 'mongodb',
      hour: null,
      accepted: 10,
      delivered: 5,
      duplicates: 1,
      filtered: 0,
      too_old: 0,
      erased: 0,
      dead: 1,
      pending: 3,
      missing: 0,
      acknowledged: 0,
      difference: 0,
      inexact: null,
    },
  ],
  hours: [
    {
      sink: 'mongodb',
      hour: at,
      accepted: 10,
      delivered: 5,
      duplicates: 1,
      filtered: 0,
      too_old: 0,
      erased: 0,
      dead: 1,
    },
  ],
};

const hour = 3_600_000;
const availabilityRange = { from: at - hour, until: at, days: [{ day: 20_240_304, from: at - hour, until: at }] };
const availabilityRecord: AvailabilityRecord = {
  observed: [
    { from: at - hour, until: at - 60_000, state: 'up' },
    { from: at - 60_000, until: at, state: 'down', reason: 'HTTP 502' },
  ],
  maintenance: [],
  corrections: [
    { id: 'c', from: at - 10_000, until: at - 5_000, state: 'up', message: 'a false alarm', by: 'ops', at },
  ],
  times: [{ day: 20_240_304, counts: [[bucketOf(120), 59]] }],
};

const receipt: Receipt = {
  id: '018e0a3cf1ce0000a3f1c2d4e5b60718',
  asked: at,
  state: 'pending',
  finished: null,
  people: ['5d3aa1f0c7b24e6d9a0b1c2d3e4f5061'],
  places: [untried('local store')],
};

/** A daemon that keeps what it is given in memory. Setting `fails` makes every call that can fail throw that. */
export class FakeBackend implements Backend {
  readonly published: Message[] = [];
  /** Who asked for settings to be read anew. */
  readonly reloads: string[] = [];
  /** What imports have said of the time that they are of. */
  readonly notes: PastEvents['notes'][] = [];
  readonly sent: { address: Address; body: string; properties: MessageProperties | undefined }[] = [];
  readonly queries: (EventQuery | SeriesQuery | DeadLetterQuery)[] = [];
  readonly selections: DeadLetterSelection[] = [];
  readonly listeners = new Set<(event: StoredEvent) => void>();
  isReady = true;
  fails: Error | undefined;
  /** Awaited by every publish. */
  gate: Promise<void> = Promise.resolve();
  /** How many publishes have come to the gate. */
  begun = 0;

  async publish(messages: readonly Message[]): Promise<Durability> {
    this.begun += 1;
    await this.gate;
    this.#mayFail();
    this.published.push(...messages);
    return 'embedded';
  }

  async import({ messages, sinks = ['local', 'usage'], notes }: PastEvents): Promise<Imported> {
    this.#mayFail();
    if (sinks.includes('nowhere')) throw new SinkNamesError('there is no sink nowhere here');
    this.published.push(...messages.map(message => ({ ...message, sinks })));
    this.notes.push(notes);
    const nothing = { refused: [], tooOld: {}, closed: new Map([[202603, 2]]), reopened: [], begins: true };
    return { sinks, durability: 'embedded', alreadyThere: 1, ...nothing };
  }

  async publishTo(address: Address, body: string, properties?: MessageProperties): Promise<Durability> {
    this.#mayFail();
    this.sent.push({ address, body, properties });
    return 'broker';
  }

  async events(query: EventQuery) {
    this.#mayFail();
    this.queries.push(query);
    return { events: [sampleEvent], nextCursor: 'next' };
  }

  async series(query: SeriesQuery) {
    this.#mayFail();
    this.queries.push(query);
    return { times: [query.from], lines: [{ name: 'download', values: [1] }] };
  }

  async availability({ service }: AvailabilityRequest): Promise<readonly ServiceReport[]> {
    this.#mayFail();
    const report = reportOf('clowder', availabilityRecord, availabilityRange, at);
    return service === undefined || service === report.service ? [report] : [];
  }

  async declaredMaintenance(id: string): Promise<DeclaredMaintenance | undefined> {
    this.#mayFail();
    const said = { id, from: at, until: null, state: 'maintenance', message: null, by: 'ann', at };
    const replacedBy = id === 'replaced' ? 'event-8' : null;
    return id === 'unknown' ? undefined : { service: 'clowder', replacedBy, ...said };
  }

  async reload(by: string): Promise<ReloadReport> {
    this.#mayFail();
    this.reloads.push(by);
    return { changed: ['LOG_LEVEL', 'PORT'], restarted: ['log'], needsRestart: ['PORT'] };
  }

  readonly erasures: Backend['erasures'] = {
    erase: async () => {
      this.#mayFail();
      return receipt;
    },
    list: async () => {
      this.#mayFail();
      return [receipt];
    },
    search: {
      isBusy: false,
      export: (_ids, _signal) => this.#held(),
      preview: async () => {
        this.#mayFail();
        return [{ place: 'local store', found: 2, reason: null }];
      },
    },
  };

  async *#held() {
    this.#mayFail();
    yield { place: 'local store', data: sampleEvent };
  }

  readonly platform = undefined;
  statusPage: Backend['statusPage'] = new StatusPage({
    name: 'Prairie Data',
    targets: () => [{ name: 'clowder', group: undefined, windows: () => [] }],
    services: async () => {
      this.#mayFail();
      return [];
    },
    availability: async () => this.availability({ first: 0, last: 0, zone: 'UTC', service: undefined }),
    announced: async () => [],
    clock: systemClock,
  });

  readonly usage: Backend['usage'] = {
    config: usageConfig,
    query: async () => {
      this.#mayFail();
      return [{ key: 'dataset-1', facts: '{"title":"Corn"}', regular: figures, machine: { ...figures, requests: 0 } }];
    },
    leftOut: async () => {
      this.#mayFail();
      return [{ month: 202603, reason: 'robot', count: 4 }];
    },
    months: async () => {
      this.#mayFail();
      return [{ month: 202603, opened: at, closed: null, sources: ['nginx'] }];
    },
    report: async () => {
      this.#mayFail();
      return {
        items: [['dataset-1', '{"title":"Corn"}']],
        months: [['dataset-1', 202403, 0, '', 7, 3, 5, 2, 2, 2]],
      };
    },
    waiting: async () => ({ pending: 0, dead: 0 }),
    completeness: async () => {
      this.#mayFail();
      const hour = 3_600_000;
      const gap = { from: 0, to: 2 * hour, reason: 'stopped' as const, ms: 1.5 * hour, count: 0 };
      return [
        { month: 202603, closed: null, sources: ['nginx'], missingHours: 2, gaps: [gap], waiting: 3, dead: 1, late: 0 },
      ];
    },
    audit: async () => {
      this.#mayFail();
      const side = { accesses: 5, alone: 2, repeated: 0, incomparable: 0, leftOut: { robot: 1 } };
      const counts = { matched: 2, counted: side, control: side };
      const one = { at, id: 'event-1', resource: 'file-1', item: 'dataset-1', request: true, side: 'counted' as const };
      return [
        {
          day: 20260315,
          source: 'nginx',
          controls: { clowder: { views: counts, downloads: counts, examples: [one] } },
        },
      ];
    },
    recompute: async month => {
      this.#mayFail();
      const row = { key: month, facts: null, regular: figures, machine: figures };
      return month === 202601 ? { refused: '2026-01 is closed' } : { accesses: 9, before: undefined, after: row };
    },
    reopening: {
      finish: async month => {
        this.#mayFail();
        const row = { key: month, facts: null, regular: figures, machine: figures };
        return month === 202601 ? { refused: '2026-01 would lose' } : { accesses: 9, before: row, after: row };
      },
      recount: async (_month, events) => {
        this.#mayFail();
        return { accesses: events.length, known: 1, kept: 5, closed: false };
      },
    },
  };

  explain: Backend['explain'] = async (text, kind) => {
    this.#mayFail();
    this.explained.push([text, kind]);
    return [
      {
        event: {
          id: 'event-1',
          created: at,
          category: 'download',
          type: 'file',
          source: 'http',
          sinks: null,
          fields: {},
        },
        refused: [],
        sinks: { mongodb: { outcome: 'delivered', output: { document: { _id: 'event-1' } }, notes: [] } },
      },
    ];
  };
  readonly explained: [text: string, kind: string][] = [];

  readonly monthly: Backend['monthly'] = {
    list: async () => {
      this.#mayFail();
      return [{ month: 202603, closed: at, kept: true }];
    },
    text: async (month, format) => {
      this.#mayFail();
      if (month !== 202603) return undefined;
      return format === 'json' ? JSON.stringify(monthlyReport) : `${format} of ${month}`;
    },
    submit: async ({ month }) => {
      this.#mayFail();
      return month === 202601 ? { refused: '2026-01 is not over' } : { id: 'event-1', durability: 'embedded' };
    },
  };

  async deadLetters(query: DeadLetterQuery) {
    this.#mayFail();
    this.queries.push(query);
    const deadLetter = {
      key: 'key-1',
      sink: 'mongodb',
      id: 'event-1',
      reason: 'too large',
      fault: 'poison' as const,
      attempts: 1,
      firstSeen: at,
      deadAt: at,
      body: '{}',
      source: 'http' as const,
    };
    return { deadLetters: [deadLetter], nextCursor: null };
  }

  async redrive(request: RedriveRequest): Promise<RedriveReport> {
    this.#mayFail();
    this.selections.push(request);
    return { redriven: 1, refused: [{ key: 'key-2', id: 'event-2', reason: 'too old' }], notReached: 3 };
  }

  async removeDeadLetters(selection: DeadLetterSelection): Promise<number> {
    this.#mayFail();
    this.selections.push(selection);
    return 1;
  }

  async status(): Promise<DaemonStatus> {
    this.#mayFail();
    return status;
  }

  async ledger(): Promise<LedgerReport> {
    this.#mayFail();
    return ledger;
  }

  async acknowledgeMissing(): Promise<LedgerReport> {
    this.#mayFail();
    return ledger;
  }

  listen(listener: (event: StoredEvent) => void, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener), { once: true });
  }

  unready(): string | undefined {
    return this.isReady ? undefined : 'the disk under DATA_DIR is full';
  }

  emit(event: StoredEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  #mayFail(): void {
    if (this.fails !== undefined) throw this.fails;
  }
}
