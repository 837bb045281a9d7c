import type { Message } from '../../events/message.js';
import { type WindowCounter, windowCounters } from '../../events/window-counters.js';
import type { TrafficWindow } from '../../storage/traffic.js';
import { Breakdown, type SavedBreakdown } from './breakdown.js';
import { DistinctSet } from './distinct.js';
import type { LinePlace, LogIds } from './log-ids.js';

/** How long after its end, in the log's own time, a window is still open. */
const graceMs = 5_000;
/** A line from further ahead than this does not move the log's time. */
const futureMs = 3_600_000;
/** Distinct visitors, and connections, that are counted exactly in one window. */
const maxDistinct = 100_000;
/** Bounds of memory: when there is more, the oldest windows are closed early. */
const maxOpen = 32;
const maxDistinctOpen = 500_000;
/** Windows whose late parts are numbered one after the other; an older one begins again at 1. */
const maxLate = 1_000;

export interface WindowsOptions {
  readonly windowMs: number;
  /** Name of the log in the events. */
  readonly log: string;
  readonly now: () => number;
  readonly ids: LogIds;
}

/** One window, or the late lines of one. */
export class Window {
  readonly counts = new Float64Array(windowCounters.length);
  /** Addresses with agents. */
  readonly visitors: DistinctSet;
  readonly connections: DistinctSet;
  /** How many of them are not visitors: crawlers, and this daemon itself. */
  programs = 0;

  constructor(
    readonly start: number,
    readonly end: number,
    readonly part: number,
    /** The log's time at which it closes, epoch ms. */
    readonly closesAt: number,
    /** Where its first line is, as file and offset. With the last one it makes the id. */
    readonly first: string,
    /** Where its last line is. */
    public lastFile = '',
    public lastOffset = 0,
    sets: readonly DistinctSet[] = [],
    readonly breakdown = new Breakdown(),
  ) {
    this.visitors = sets[0] ?? new DistinctSet(maxDistinct);
    this.connections = sets[1] ?? new DistinctSet(maxDistinct);
  }
}

interface SavedWindow {
  readonly start: number;
  readonly end: number;
  readonly part: number;
  readonly closesAt: number;
  readonly origin: string;
  /** Absent in checkpoints of version 1. */
  readonly last?: readonly [file: string, offset: number];
  readonly counts: readonly number[];
  readonly visitors: string;
  readonly connections: string;
  /** Absent in checkpoints of version 1. */
  readonly programs?: number;
  /** Absent in those of 1.0. */
  readonly breakdown?: SavedBreakdown;
}

export interface SavedWindows {
  /** null before the first line. */
  readonly time: number | null;
  readonly open: readonly SavedWindow[];
  readonly late: readonly (readonly [start: number, nextPart: number])[];
}

/**
 * Counts lines into windows of event time. A window is open from its first line until the log's time is 5 s past its
 * end; lines that come later make another part of that window, which stays open for 5 s of the log's time as well.
 */
export class Windows {
  /** The windows that were closed, until somebody takes them: as events, and what they come to. */
  #closed: Message[] = [];
  #sums: TrafficWindow[] = [];
  #open: Window[] = [];
  #current: Window | undefined;
  /** The latest time in the log. */
  #time = Number.NEGATIVE_INFINITY;
  readonly #late = new Map<number, number>();
  readonly #options: WindowsOptions;

  constructor(options: WindowsOptions) {
    this.#options = options;
  }

  /** Where a line of this time and place is counted. */
  at(time: number, place: LinePlace): Window {
    const current = this.#current;
    if (current === undefined || time < current.start || time >= current.end) {
      const known = this.#open.find(({ start, end }) => time >= start && time < end);
      this.#current = known ?? this.#begin(time, `${place.file}:${place.offset}`);
    }
    const window = this.#current!;
    if (window.lastFile !== place.file) window.lastFile = place.file;
    window.lastOffset = place.offset;
    return window;
  }

  /** The latest time in the log, epoch ms; -Infinity before the first line. */
  get time(): number {
    return this.#time;
  }

  /** The log has come to this time. */
  advance(time: number): void {
    if (time > this.#time && time <= this.#options.now() + futureMs) this.#time = time;
  }

  /** Closes what the log's time has passed. */
  closeDue(): void {
    this.#close(({ closesAt }) => closesAt <= this.#time);
  }

  /**
   * At the end of the file the wall clock stands in for lines that do not come. A late part moves the log's time no
   * further: while the clock is ahead, each look would.
   */
  closeByWallClock(): void {
    const now = this.#options.now();
    for (const { closesAt, part } of this.#open)
      if (part === 0 && closesAt <= now && closesAt > this.#time) this.#time = closesAt;
    this.#close(({ closesAt, part }) => closesAt <= this.#time || (part > 0 && closesAt <= now));
  }

  takeClosed(): Message[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  takeSums(): TrafficWindow[] {
    const sums = this.#sums;
    this.#sums = [];
    return sums;
  }

  /** What is older was counted in windows that are closed, but for lines that come late; epoch ms. */
  get closedUntil(): number {
    const first = this.#open.filter(({ part }) => part === 0).map(({ start }) => start);
    return Math.min(this.#time, ...first);
  }

  save(): SavedWindows {
    const open = this.#open.map(
      ({ start, end, part, closesAt, first, counts, ...window }): SavedWindow => ({
        ...{ start, end, part, closesAt },
        origin: first,
        last: [window.lastFile, window.lastOffset],
        counts: [...counts],
        visitors: window.visitors.save(),
        connections: window.connections.save(),
        programs: window.programs,
        breakdown: window.breakdown.save(),
      }),
    );
    return { time: Number.isFinite(this.#time) ? this.#time : null, open, late: [...this.#late] };
  }

  /** Windows of another length (the setting was changed) are closed at once, as they are. */
  restore({ time, open, late }: SavedWindows): void {
    this.#closed = [];
    this.#sums = [];
    this.#time = time ?? Number.NEGATIVE_INFINITY;
    this.#late.clear();
    for (const [start, part] of late) this.#late.set(start, part);
    this.#open = open.map(({ start, end, part, closesAt, origin, last = ['', 0], counts, ...saved }) => {
      const sets = [saved.visitors, saved.connections].map(set => DistinctSet.restore(maxDistinct, set));
      const window = new Window(start, end, part, closesAt, origin, ...last, sets, Breakdown.restore(saved.breakdown));
      window.programs = saved.programs ?? 0;
      window.counts.set(counts.slice(0, windowCounters.length));
      return window;
    });
    this.#close(({ start, end }) => end - start !== this.#options.windowMs);
  }

  #begin(time: number, place: string): Window {
    this.closeDue();
    const { windowMs, now } = this.#options;
    const start = Math.floor(time / windowMs) * windowMs;
    const end = start + windowMs;
    const late = this.#late.get(start) ?? (end + graceMs <= this.#time ? 1 : 0);
    // A line from the far future is not waited for.
    const ends = start > now() + futureMs ? Number.NEGATIVE_INFINITY : end;
    const closesAt = Math.max(ends, Number.isFinite(this.#time) ? this.#time : time) + graceMs;
    const window = new Window(start, end, late, closesAt, place);
    this.#open.push(window);
    this.#bound(window);
    return window;
  }

  #bound(latest: Window): void {
    let distinct = 0;
    for (const { visitors, connections } of this.#open) distinct += visitors.size + connections.size;
    while (this.#open.length > 1 && (this.#open.length > maxOpen || distinct > maxDistinctOpen)) {
      const others = this.#open.filter(window => window !== latest);
      const oldest = others.reduce((first, window) => (window.closesAt < first.closesAt ? window : first));
      distinct -= oldest.visitors.size + oldest.connections.size;
      this.#close(window => window === oldest);
    }
  }

  #close(which: (window: Window) => boolean): void {
    const closing = this.#open.filter(which);
    if (closing.length === 0) return;
    this.#open = this.#open.filter(window => !closing.includes(window));
    this.#current = undefined;
    for (const window of closing.sort((a, b) => a.start - b.start)) {
      this.#closed.push(this.#event(window));
      this.#sums.push(sumOf(window));
      // What follows from the log's time alone need not be remembered: a line that is this late is part 1 anyway.
      if (window.part > 0 || window.end + graceMs > this.#time) this.#noteLate(window.start, window.part + 1);
    }
  }

  #noteLate(start: number, part: number): void {
    this.#late.delete(start);
    this.#late.set(start, part);
    const [oldest] = this.#late.keys();
    if (this.#late.size > maxLate && oldest !== undefined) this.#late.delete(oldest);
  }

  #event({ start, end, part, first, lastFile, lastOffset, counts, ...sets }: Window): Message {
    const { log, now, ids } = this.#options;
    const { visitors, connections, programs, breakdown } = sets;
    // Where the format does not tell connections apart ($connection), an address with an agent is one.
    const connected = connections.size > 0 ? connections : visitors;
    const counted = Object.fromEntries(windowCounters.map((name, index) => [name, counts[index]!]));
    const { requests, ...rest } = counted;
    const body = {
      category: 'connections',
      log,
      window_start: start,
      window_seconds: (end - start) / 1000,
      part,
      requests,
      connections: connected.size,
      ...(connected.capped ? { connections_capped: true } : {}),
      visitors: visitors.size - programs,
      visitors_capped: visitors.capped,
      ...rest,
      ...breakdown.save(),
      created: start,
    };
    return {
      id: ids.ofWindow(start, part, first, `${lastFile}:${lastOffset}`),
      body: JSON.stringify(body),
      source: 'nginx',
      received: now(),
    };
  }
}

/** Visitors of late lines may have been counted before. */
function sumOf({ start, end, part, counts, visitors, programs }: Window): TrafficWindow {
  const count = (name: WindowCounter): number => counts[windowCounters.indexOf(name)] ?? 0;
  return {
    start,
    seconds: (end - start) / 1000,
    requests: count('requests'),
    visitors: part === 0 ? visitors.size - programs : 0,
    downloads: count('downloads'),
    failedUploads: count('failed_uploads'),
  };
}
