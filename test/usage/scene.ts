import type { Clock } from '../../src/clock.js';
import type { Event, Fields } from '../../src/events/event.js';
import type { Message } from '../../src/events/message.js';
import type { SinkSession } from '../../src/sinks/sink.js';
import { openUsage } from '../../src/sinks/usage/session.js';
import type { Calls } from '../../src/storage/calls.js';
import { EventStore } from '../../src/storage/event-store.js';
import type { EventQuery } from '../../src/storage/queries.js';
import type { UsageCounts } from '../../src/storage/usage-report.js';
import { UsageAnnouncer } from '../../src/usage/announcer.js';
import type { UsageConfig } from '../../src/usage/config.js';
import { rulesOf } from '../../src/usage/rules.js';
import { Usage, type WaitingEvents } from '../../src/usage/usage.js';
import { collectingLog, eventOf } from '../helpers/sink-session.js';
import { ScratchDatabase } from '../storage/scratch.js';

const secret = 'a secret for tests';
export const day = Date.UTC(2026, 2, 15);
export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0';

/** Ids as Clowder makes them. */
export const datasetId = (number: number): string => `da${String(number).padStart(22, '0')}`;
export const fileId = (number: number): string => `f1${String(number).padStart(22, '0')}`;

export const usageConfig: UsageConfig = {
  mode: 'on',
  source: 'nginx',
  robotsFile: undefined,
  closeMs: 31 * 86_400_000,
  platform: undefined,
  publisher: undefined,
  publisherId: undefined,
  isPublic: false,
};

let made = 0;
const nextId = (): string => {
  made += 1;
  return `access-${made}`;
};

/** An event of the access log. @param time `10:01:29` of the 15 March 2026, or epoch ms */
export function access(time: string | number, category: string, fields: Fields, id = nextId()): Event {
  const created = typeof time === 'number' ? time : day + clockMs(time);
  const common = { status: 200, method: 'GET', user_agent: firefox, visitor: 'visitor 1' };
  return eventOf({ category, created, ...common, ...fields }, { id, created, source: 'nginx' });
}

export function view(time: string | number, fields: Fields = {}, id?: string): Event {
  const url = `/datasets/${datasetId(1)}`;
  return access(time, 'page_view', { type: 'dataset', resource_id: datasetId(1), url, ...fields }, id);
}

export function download(time: string | number, fields: Fields = {}, file = 1, id?: string): Event {
  const url = `/files/${fileId(file)}/blob`;
  const ids = { resource_id: fileId(file), dataset_id: datasetId(1) };
  return access(time, 'resource_download', { type: 'file', url, bytes: 100, ...ids, ...fields }, id);
}

function clockMs(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/** The sink and what is counted from it, on a database in memory. Every session is a daemon that starts anew. */
export class UsageScene {
  readonly scratch: ScratchDatabase;
  readonly calls: Calls = {
    write: async (name, ...args) => this.scratch.write(name, ...args),
    read: async (name, ...args) => this.scratch.read(name, ...args),
  };
  readonly usage: Usage;
  #config: UsageConfig;
  /** What was logged. */
  readonly log = collectingLog();
  waiting: WaitingEvents = { pending: 0, dead: 0 };
  /** How many wait cannot be found out. */
  waitingFault: Error | undefined;
  isConnected = true;
  /** The clock is only set to another time. */
  jumps = false;
  /** Where announcements go. */
  publish = async (_messages: readonly Message[]): Promise<void> => {};
  #session: SinkSession | undefined;
  #time = 0;
  #lastNow: number;

  constructor(config: Partial<UsageConfig> = {}, scratch = new ScratchDatabase()) {
    this.scratch = scratch;
    this.#lastNow = scratch.now;
    this.#config = { ...usageConfig, ...config };
    const clock: Clock = {
      now: () => this.scratch.now,
      monotonic: () => this.#pass(),
      sleep: async () => {},
    };
    const rules = () => rulesOf(this.#config, secret);
    const stored = (query: EventQuery) => new EventStore(this.calls).query(query);
    const storage = this.calls;
    const publish = (messages: readonly Message[]): Promise<void> => this.publish(messages);
    this.usage = new Usage({
      rules,
      stored,
      storage,
      announce: new UsageAnnouncer({ storage, publish, idSecret: secret, clock }).announce,
      config: this.#config,
      known: async events => events,
      waiting: async () => {
        if (this.waitingFault !== undefined) throw this.waitingFault;
        return this.waiting;
      },
      isConnected: () => this.isConnected,
      clock,
      log: this.log,
    });
  }

  /** Time passes where a test sets the clock ahead, and whenever somebody looks. */
  #pass(): number {
    const { now } = this.scratch;
    if (!this.jumps) this.#time += Math.max(0, now - this.#lastNow);
    this.#lastNow = now;
    this.#time += 100_000;
    return this.#time;
  }

  async take(...events: readonly Event[]): Promise<number> {
    this.#session ??= await openUsage(this.#config, {
      idSecret: secret,
      usage: { fold: async accesses => this.scratch.write('foldUsage', accesses) },
    });
    return (await this.#session.write(events, new AbortController().signal)).duplicates ?? 0;
  }

  /** @param config what is set otherwise from now on */
  restart(config: Partial<UsageConfig> = {}): void {
    this.#config = { ...this.#config, ...config };
    this.#session = undefined;
  }

  /** The same accesses, where a daemon with other settings has taken over. */
  withConfig(config: Partial<UsageConfig>): UsageScene {
    return new UsageScene({ ...this.#config, ...config }, this.scratch);
  }

  months(): Promise<string[]> {
    return monthsOf(this.usage);
  }

  /** What the first dataset comes to, in its only month. */
  async counts(method: 'regular' | 'machine' = 'regular'): Promise<string | undefined> {
    const rows = await this.usage.query({ by: 'dataset', from: 0, to: 99_999_999, limit: 10, offset: 0 });
    const row = rows.find(({ key }) => key === datasetId(1));
    return row === undefined ? undefined : inWords(row[method]);
  }

  async leftOut(): Promise<Record<string, number>> {
    const found = await this.usage.leftOut({ from: 0, to: 99_999_999 });
    const sums: Record<string, number> = {};
    for (const { reason, count } of found) sums[reason] = (sums[reason] ?? 0) + count;
    return sums;
  }
}

/** `202603 da…1 regular: 2 investigations, …`, of everything that counts. */
export async function monthsOf(usage: Usage): Promise<string[]> {
  const lines: string[] = [];
  for (const month of await usage.months()) {
    const range = { from: month.month * 100, to: month.month * 100 + 99 };
    for (const row of await usage.query({ by: 'dataset', ...range, limit: 1000, offset: 0 })) {
      for (const method of ['regular', 'machine'] as const)
        if (row[method].investigations > 0) lines.push(`${month.month} ${row.key} ${method}: ${inWords(row[method])}`);
    }
  }
  return lines.sort();
}

export function inWords(counts: Omit<UsageCounts, 'users'>): string {
  const { investigations, uniqueInvestigations, requests, uniqueRequests, bytes, requestBytes } = counts;
  return `${investigations} investigations (${uniqueInvestigations} unique), ${requests} requests (${uniqueRequests} unique), ${bytes} bytes (${requestBytes} of requests)`;
}
