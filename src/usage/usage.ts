import { BelievedTime } from '../believed-time.js';
import { dayMs, dayOf, firstDayOf, lastDayOf, monthOf, startOfDay, written } from '../calendar.js';
import type { Clock } from '../clock.js';
import { describe, UnsupportedError } from '../errors.js';
import type { Event } from '../events/event.js';
import type { Log } from '../log.js';
import { singleFlightBy } from '../single-flight.js';
import type { Calls } from '../storage/calls.js';
import type { UsageGap } from '../storage/usage-gaps.js';
import type { UsageMonth } from '../storage/usage-months.js';
import type {
  DatasetReportPage,
  DatasetReportQuery,
  UsageLeftOut,
  UsageQuery,
  UsageRow,
} from '../storage/usage-report.js';
import { type Rules, usageSources } from './access.js';
import { auditDays, finalAudits, type UsageAuditDay } from './audit.js';
import { Closing } from './closing.js';
import { allHoles, type CompleteMonth, type GapReason, gapsOf, holesOfMonth, hoursIn } from './completeness.js';
import { heardLogs } from './completeness-monitor.js';
import type { UsageConfig } from './config.js';
import { type ReadStored, recompute } from './recompute.js';
import { type Recomputed, Reopening } from './reopening.js';
import { monthsUnread, unreadGaps } from './unread-logs.js';

export interface WaitingEvents {
  /** In the queue of the sink, or on their way there. */
  readonly pending: number;
  /** Dead letters of the sink. */
  readonly dead: number;
  /** Those of them whose month is known, 202603. */
  readonly deadOf?: ReadonlyMap<number, number>;
}

export interface UsageOptions {
  readonly storage: Calls;
  readonly config: UsageConfig;
  readonly waiting: () => Promise<WaitingEvents>;
  /** Whether the broker can be asked now how many wait. */
  readonly isConnected: () => boolean;
  /** Undefined where the local store lacks what usage is counted from. */
  readonly stored?: ReadStored | undefined;
  /** Events as the sink gets them: those that it takes, with what is known of their resources. */
  readonly known: (events: readonly Event[]) => Promise<readonly Event[]>;
  /** The rules as they are configured now. @throws SetupError */
  readonly rules: () => Rules;
  /** Announces what has changed in the counts, until the signal aborts; undefined where nobody would take it. */
  readonly announce?: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** What follows when a month is closed. */
export interface AfterClosing {
  /** Before the first month is closed here. */
  begin(): Promise<void>;
  /** After each look at the months. */
  check(signal: AbortSignal): Promise<void>;
}

/**
 * Answers that follow each other within this time, ms, need not look for changes again; or within twenty times as long
 * as the last look took.
 */
const maxAgeMs = 200;
/** From the start to the first look at what is to be announced or closed, and from one to the next, ms. */
const firstMs = 300_000;
const everyMs = 900_000;
const chunkRows = 1_000;
/** What is known of an item is kept so long after it was said last, ms: longer than the sink skips repetitions. */
const factsMs = 31 * dayMs;

/**
 * The counts of usage. What the sink has collected of a day is counted when somebody asks and it has changed since.
 * Months that are over, and have been open for long enough, are closed: only their counts stay.
 */
export class Usage {
  readonly config: UsageConfig;
  /** Closed months, when they are counted anew. */
  readonly reopening: Reopening;
  readonly #options: UsageOptions;
  readonly #closing: Closing;
  /** What is over is judged by it. */
  readonly #believed: BelievedTime;
  /** How far the items were looked at, a stretch each time that months are. */
  #itemsUntil = '';
  /** Counts what has changed. */
  readonly #refresh: () => Promise<void>;

  constructor(options: UsageOptions) {
    this.config = options.config;
    this.#options = options;
    const counted = singleFlightBy(options.clock, maxAgeMs, (_what: 'all') => this.#count());
    this.#refresh = () => counted('all');
    const { storage, config, known, rules, waiting, isConnected, log } = options;
    this.#believed = new BelievedTime(options.clock);
    const pending = async (): Promise<number> => (await waiting()).pending;
    this.reopening = new Reopening({
      ...{ storage, pending, known, rules, source: config.source ?? 'clowder', clock: options.clock },
      total: month => this.#total(month),
    });
    this.#closing = new Closing({
      ...{ storage, closeMs: config.closeMs, clock: this.#believed, log },
      pending: async () => (isConnected() ? pending() : undefined),
      sent: () => this.reopening.sent.list(),
    });
  }

  async query(query: UsageQuery): Promise<readonly UsageRow[]> {
    await this.#refresh();
    return this.#options.storage.read('usage', query);
  }

  /** @param range first and last period, as in a query */
  async leftOut(range: { readonly from: number; readonly to: number }): Promise<readonly UsageLeftOut[]> {
    await this.#refresh();
    return this.#options.storage.read('usageLeftOut', range);
  }

  /** A page of datasets with their months. The first one looks for changes. */
  async report(query: DatasetReportQuery): Promise<DatasetReportPage> {
    if (query.after === '') await this.#refresh();
    return this.#options.storage.read('datasetReport', query);
  }

  /** @throws UnsupportedError without a local store that has what usage is counted from */
  async recompute(month: number): Promise<Recomputed | { readonly refused: string }> {
    const { storage, stored, rules } = this.#options;
    if (stored === undefined)
      throw new UnsupportedError(
        'usage can be recomputed from a local store alone that has all of what the sink usage gets; set LOCAL_STORE=on, and LOCAL_PERSONAL as USAGE_PERSONAL',
      );
    const known = (await this.months()).find(one => one.month === month);
    // Where nothing counts yet, something may by the rules of now.
    const isEmpty = known === undefined && (await storage.read('usageDaysOf', { month })).length === 0;
    if (isEmpty || (known?.closed ?? null) !== null)
      return { refused: `${written(month)} ${isEmpty ? 'has no usage' : 'is closed, and stays as it is'}` };
    const before = await this.#total(month);
    const accesses = await recompute(month, { storage, stored, rules: rules() });
    return typeof accesses === 'number' ? { accesses, before, after: await this.#total(month) } : accesses;
  }

  async #total(month: number): Promise<UsageRow | undefined> {
    await this.#count();
    const range = { from: month * 100, to: month * 100 + 99 };
    const [row] = await this.#options.storage.read('usage', { by: 'month', ...range, limit: 1, offset: 0 });
    return row;
  }

  /** What the other sources say, day by day. @param range first and last day */
  async audit(range: { readonly from: number; readonly to: number }): Promise<readonly UsageAuditDay[]> {
    const { storage, config } = this.#options;
    await this.#refresh();
    return auditDays(range, { storage, source: config.source ?? 'clowder' });
  }

  /** Events that are not in the counts, and may come to be. */
  waiting(): Promise<WaitingEvents> {
    return this.#options.waiting();
  }

  months(): Promise<readonly UsageMonth[]> {
    return this.#options.storage.read('usageMonths');
  }

  /**
   * What may be missing from the months of a range, as periods have it: those that have usage, and those in which some
   * may have been missed or could not be counted.
   */
  async completeness(range: { readonly from: number; readonly to: number }): Promise<readonly CompleteMonth[]> {
    const { config, storage } = this.#options;
    const noted = await storage.read('usageGaps', spanOf(range));
    const late = (await this.leftOut(range)).filter(({ reason }) => reason === 'late');
    const known = new Map((await this.months()).map(month => [month.month, month]));
    const rows = [...noted, ...(await this.#unread(known))].sort((one, other) => one.hour - other.hour);
    const { pending, dead, deadOf = new Map<number, number>() } = await this.waiting();
    const unknownDead = [...deadOf.values()].reduce((rest, count) => rest - count, dead);
    const missed = rows
      .filter(({ reason }) => reason !== 'before' && allHoles.has(reason as GapReason))
      .map(({ hour }) => monthOf(dayOf(hour)));
    const thisMonth = monthOf(dayOf(this.#believed.now()));
    const months = [...new Set([...known.keys(), ...missed, ...deadOf.keys()])].filter(
      month => month * 100 + 99 >= range.from && month * 100 <= range.to,
    );
    return months
      .sort((one, other) => one - other)
      .flatMap(month => {
        const closed = known.get(month)?.closed ?? null;
        const sources = usageSources.filter(source => known.get(month)?.sources.includes(source));
        const isEmpty = closed === null && sources.length === 0 && month < thisMonth;
        const gaps = gapsOf(month, rows, isEmpty ? allHoles : holesOfMonth(sources, config));
        if (!known.has(month) && !deadOf.has(month) && gaps.length === 0) return [];
        return {
          ...{ month, closed, sources, gaps, missingHours: hoursIn(gaps) },
          waiting: closed === null ? pending : 0,
          dead: (deadOf.get(month) ?? 0) + (closed === null ? Math.max(0, unknownDead) : 0),
          late: late.find(one => one.month === month)?.count ?? 0,
        };
      });
  }

  /** What of the logs is not read yet, in months that are not closed: noted only when they are. */
  async #unread(known: ReadonlyMap<number, UsageMonth>): Promise<readonly UsageGap[]> {
    const logs = await heardLogs(this.#options.storage);
    const now = this.#believed.now();
    const months = new Set([...known.keys(), ...monthsUnread(logs, now)]);
    return [...months]
      .filter(month => (known.get(month)?.closed ?? null) === null)
      .flatMap(month => unreadGaps(month, logs, now));
  }

  /**
   * Announces what has changed, closes months when it is time, and does what follows from it, until the signal aborts.
   * Never rejects.
   */
  async run(signal: AbortSignal, next?: AfterClosing): Promise<void> {
    const { clock, log } = this.#options;
    const onError = (error: unknown): void => log.warn({ reason: describe(error) }, 'usage.delayed');
    await clock.sleep(firstMs, signal);
    while (!signal.aborted) {
      // In this order, so that a day is announced as a day before it is a part of its month.
      await this.announce(signal).catch(onError);
      try {
        await next?.begin();
        await this.closeMonths(signal);
        await next?.check(signal);
      } catch (error) {
        onError(error);
      }
      await clock.sleep(everyMs, signal);
    }
  }

  async announce(signal: AbortSignal): Promise<void> {
    const { announce } = this.#options;
    if (announce === undefined) return;
    await this.#count();
    await announce(signal);
  }

  /** What cannot be found out at the moment, of RabbitMQ say, keeps nothing else from being done. */
  async closeMonths(signal?: AbortSignal): Promise<void> {
    const { storage, config, log } = this.#options;
    await this.#count();
    await storage.write('limitOpened', { latest: this.#believed.latest() });
    await this.#closeDue().catch((error: unknown) => log.warn({ reason: describe(error) }, 'closing.delayed'));
    await this.#closeForsaken().catch((error: unknown) => log.warn({ reason: describe(error) }, 'reclosing.delayed'));
    const trim = { lateBefore: this.#believed.now() - config.closeMs, limit: chunkRows };
    while (!signal?.aborted && (await storage.write('trimUsage', trim)) >= chunkRows);
    const before = this.#believed.now() - Math.max(config.closeMs, factsMs);
    const after = this.#itemsUntil;
    this.#itemsUntil = (await storage.write('trimUsageItems', { after, before, limit: chunkRows })) ?? '';
  }

  async #closeDue(): Promise<void> {
    const { storage, config, log } = this.#options;
    for (const { month, gaps } of await this.#closing.due(await this.months())) {
      // The months before it took their time: somebody may have begun to send into this one.
      if (this.reopening.sent.list().has(month)) continue;
      await this.#count();
      const audits = await finalAudits(month, { storage, source: config.source ?? 'clowder' });
      if (await storage.write('closeUsageMonth', { month, audits, gaps })) log.info({ month }, 'usage.closed');
    }
  }

  async #closeForsaken(): Promise<void> {
    const { storage, config } = this.#options;
    if (!(await this.#closing.hasCaughtUp())) return;
    const sent = [...this.reopening.sent.list()];
    await storage.write('closeForsaken', { heardBefore: this.#believed.now() - config.closeMs, sent });
  }

  async #count(): Promise<void> {
    const { storage } = this.#options;
    for (const day of await storage.read('changedUsageDays'))
      await storage.write('keepUsageDay', await storage.read('countUsageDay', { day }));
  }
}

/** Periods as hours, epoch ms: from their first day to the end of their last one. */
function spanOf({ from, to }: { readonly from: number; readonly to: number }): { from: number; to: number } {
  const first = from % 100 === 0 ? firstDayOf(monthOf(from)) : from;
  const last = to % 100 > 31 ? lastDayOf(monthOf(to)) : to;
  return { from: startOfDay(first), to: startOfDay(last) + dayMs };
}
