import { BelievedTime } from '../believed-time.js';
import { dayOf, firstDayOf, monthOf, startOfDay } from '../calendar.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { Calls } from '../storage/calls.js';
import { hoursOf, type UsageGap } from '../storage/usage-gaps.js';
import type { GapReason } from './completeness.js';
import { gapsLeft, type HeardLogs } from './unread-logs.js';

/** What of the daemon decides whether accesses reach it. */
export interface MonitoredDaemon {
  readonly state: 'ready' | 'outbox' | 'down';
  /** How often a queue or the exchange had disappeared from RabbitMQ, since the start. */
  readonly queueGaps: number;
}

export interface MonitoredLog {
  /** Until when it was read to its end, epoch ms; undefined = not since the start. */
  readonly readUntil: number | undefined;
  /** It is missing, or cannot be read. */
  readonly isUnreadable: boolean;
}

export interface CompletenessMonitorOptions {
  readonly storage: Calls;
  readonly clock: Clock;
  readonly log: Log;
  readonly daemon: () => MonitoredDaemon;
  /** How many events for the sink RabbitMQ has confirmed and lost, since the beginning. */
  readonly lost: () => Promise<number>;
  /** The logs that are counted. */
  readonly logs: () => ReadonlyMap<string, MonitoredLog>;
}

/** How far was looked: everything until `at` is noted. */
interface Seen {
  /** Epoch ms. */
  readonly at: number;
  /** Since when usage was not counted, though the daemon ran; absent while it is. */
  readonly off?: number;
  readonly lost: { readonly events: number };
  /**
   * Until when each log was read to its end: what was written later may not have been read. One that was never read
   * counts from when it was first known of; absent where none is counted.
   */
  readonly logs?: Readonly<Record<string, number>>;
  /** Those of them of which nothing more is being read. */
  readonly stuck?: readonly string[];
}

const key = 'usage/seen';
/** How often the daemon is looked at, and how often that is written down when nothing has happened, ms. */
const checkMs = 1_000;
const writeMs = 30_000;
/** Sums cost more to ask. */
const sumMs = 300_000;

/**
 * Writes down when accesses could not reach this daemon: while it did not run, while it took no events, while RabbitMQ
 * could not be reached. What it has seen is written every 30 s, so a daemon that was killed says that it was away up
 * to 30 s too long, never too short.
 */
export class CompletenessMonitor {
  readonly #options: CompletenessMonitorOptions;
  readonly #believed: BelievedTime;
  #seen: Seen | undefined;
  /** Noted, and not written yet. */
  #gaps: UsageGap[] = [];
  #checkedAt = 0;
  /** From when on a log that is new is to be read. */
  #firstAt = 0;
  #summedAt = Number.NEGATIVE_INFINITY;
  #queueGaps = 0;

  constructor(options: CompletenessMonitorOptions) {
    this.#options = options;
    this.#believed = new BelievedTime(options.clock);
  }

  /** Notes what was missed since the last run; to be awaited before anything of this run is counted. */
  async start(): Promise<void> {
    const { storage, clock } = this.#options;
    const now = clock.now();
    const value = await storage.write('getCheckpoint', { key });
    this.#checkedAt = now;
    this.#firstAt = now;
    if (value === undefined) {
      this.#seen = { at: now, lost: { events: 0 } };
      // Usage that an earlier release has counted is not said to be incomplete.
      if (!(await storage.read('hasUsage'))) this.#note('before', startOfDay(firstDayOf(monthOf(dayOf(now)))), now);
    } else {
      const seen = JSON.parse(value) as Seen;
      const { off, ...rest } = seen;
      this.#seen = rest;
      this.#firstAt = seen.at;
      this.#note('stopped', seen.at, off ?? now);
      if (off !== undefined) this.#note('off', off, now);
    }
    await this.#write();
  }

  /** Until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(checkMs, signal);
      try {
        await this.check(signal.aborted);
      } catch (error) {
        log.warn({ reason: describe(error) }, 'usage.unmonitored');
      }
    }
  }

  /** @param isLast write down what was seen in any case */
  async check(isLast = false): Promise<void> {
    const { clock, daemon, lost } = this.#options;
    const now = clock.now();
    const { state, queueGaps } = daemon();
    if (state === 'down') this.#note('refused', this.#checkedAt, now);
    if (state !== 'ready') this.#note('broker', this.#checkedAt, now);
    if (queueGaps > this.#queueGaps) this.#count('queue', now, queueGaps - this.#queueGaps);
    this.#queueGaps = queueGaps;
    this.#checkedAt = now;
    if (clock.monotonic() - this.#summedAt >= sumMs) {
      this.#summedAt = clock.monotonic();
      this.#addLost(await lost(), now);
    }
    const seenAt = this.#seen?.at ?? 0;
    if (isLast || now - seenAt >= writeMs || now < seenAt) await this.#write();
  }

  #addLost(events: number, now: number): void {
    const before = this.#seen?.lost.events ?? 0;
    if (events > before) this.#count('lost_events', now, events - before);
    // A count may fall when lost events turn up after all, and rise again.
    if (this.#seen !== undefined) this.#seen = { ...this.#seen, lost: { events: Math.max(events, before) } };
  }

  #note(reason: GapReason, from: number, to: number): void {
    for (const gap of hoursOf(from, to, { reason, origin: '' })) {
      const last = this.#gaps.find(one => one.hour === gap.hour && one.reason === reason);
      this.#gaps = this.#gaps.filter(one => one !== last);
      this.#gaps.push({ ...gap, ms: gap.ms + (last?.ms ?? 0) });
    }
  }

  #count(reason: GapReason, at: number, count: number): void {
    const hour = Math.floor(at / 3_600_000) * 3_600_000;
    this.#gaps.push({ hour, reason, origin: '', ms: 0, count });
  }

  #heard(known: Seen['logs'] = {}): (readonly [file: string, until: number])[] {
    // A clock that was ahead may have said otherwise.
    const now = this.#believed.latest();
    return [...this.#options.logs()].map(([file, { readUntil = 0 }]) => [
      file,
      Math.min(Math.max(readUntil, known[file] ?? this.#firstAt), now),
    ]);
  }

  /** What was not read of logs that are not counted any more: nobody waits for it from now on. */
  #left(known: Seen['logs'] = {}): UsageGap[] {
    const logs = this.#options.logs();
    const left = Object.entries(known).filter(([file]) => !logs.has(file));
    return left.flatMap(([file, until]) => gapsLeft(file, until, this.#checkedAt));
  }

  /** A log that was read to its end stays so until it is written again: then it is behind because it is gone. */
  #stuck(): string[] {
    const logs = [...this.#options.logs()];
    return logs.filter(([, log]) => log.isUnreadable || log.readUntil !== undefined).map(([file]) => file);
  }

  /** All of it, or nothing: then it is tried again with what is seen next. */
  async #write(): Promise<void> {
    const { storage } = this.#options;
    if (this.#seen === undefined) return;
    const gaps = this.#gaps;
    const { logs, stuck: _, ...others } = this.#seen;
    const heard = this.#heard(logs);
    const stuck = this.#stuck();
    const seen: Seen = {
      ...others,
      at: this.#checkedAt,
      ...(heard.length === 0 ? {} : { logs: Object.fromEntries(heard) }),
      ...(stuck.length === 0 ? {} : { stuck }),
    };
    const noted = [...gaps, ...this.#left(logs)];
    await storage.write('noteUsageGaps', { gaps: noted, seen: { key, value: JSON.stringify(seen) } });
    this.#seen = seen;
    this.#gaps = this.#gaps.slice(gaps.length);
  }
}

/** How far each log that is counted was read, as it was written down last. */
export async function heardLogs(storage: Calls): Promise<HeardLogs> {
  const value = await storage.write('getCheckpoint', { key });
  const { logs = {}, stuck = [] } = value === undefined ? {} : (JSON.parse(value) as Partial<Seen>);
  return new Map(Object.entries(logs).map(([file, until]) => [file, { until, isStuck: stuck.includes(file) }]));
}

/** The daemon runs, and does not count usage: if it did before, it is noted since when. */
export async function noteUsageOff(storage: Calls, now: number): Promise<void> {
  const value = await storage.write('getCheckpoint', { key });
  const seen = value === undefined ? undefined : (JSON.parse(value) as Seen);
  if (seen === undefined || seen.off !== undefined) return;
  const off: Seen = { ...seen, off: now };
  await storage.write('noteUsageGaps', { gaps: [], seen: { key, value: JSON.stringify(off) } });
}
