import type { AgentKind } from '../../agents.js';
import type { Message } from '../../events/message.js';
import { latestMs } from '../../events/timestamp.js';
import { type WindowCounter, windowCounters } from '../../events/window-counters.js';
import { maxLineBytes } from '../limits.js';
import type { AddressPick } from '../lines/format.js';
import type { LineParser } from '../lines/line-parser.js';
import { lineTime } from '../lines/line-time.js';
import { slots } from '../lines/slots.js';
import { AgentMemory } from './agent-memory.js';
import { ByteHash } from './hash.js';
import type { LogIds } from './log-ids.js';
import type { PageViews } from './page-views.js';
import type { PartialDownload, PartialDownloads } from './partial-downloads.js';
import { RequestFields } from './request-fields.js';
import { isFailedUpload, type RequestClassifier, type RequestKind } from './requests.js';
import { resourceOf } from './resources.js';
import { RouteMemory } from './route-memory.js';
import type { TrafficEvents } from './traffic.js';
import type { Window, Windows } from './windows.js';

/** How the lines were that were read, since the first one ever. */
export interface Totals {
  /** Lines that were understood; each is one request. */
  requests: number;
  /** Lines that are not of the format. */
  unparsed: number;
  /** Lines longer than 64 KiB. */
  oversized: number;
}

export interface LineCounterOptions {
  readonly parser: LineParser;
  readonly address: AddressPick;
  /** Who asks where a line says no agent: nobody knows where the format has none, and else a program does. */
  readonly agentUnsaid: 'person' | 'machine';
  readonly ids: LogIds;
  /** Where Clowder is: begins with a slash and ends without one, or is empty. */
  readonly prefix: string;
  readonly classifier: RequestClassifier;
  readonly views: PageViews;
  readonly parts: PartialDownloads;
  readonly windows: Windows;
  readonly traffic: TrafficEvents;
  /** A line that is not of the format. */
  readonly onUnparsed: (line: string) => void;
  /** A line does not count, whatever it said. @param time the latest in the log; -Infinity before the first line */
  readonly onUnread?: (time: number) => void;
}

const index = Object.fromEntries(windowCounters.map((name, place) => [name, place])) as Record<WindowCounter, number>;
const statusClasses = [-1, index.status_1xx, index.status_2xx, index.status_3xx, index.status_4xx, index.status_5xx];
const methods = new Map([
  ['GET', index.method_get],
  ['HEAD', index.method_head],
  ['POST', index.method_post],
  ['PUT', index.method_put],
  ['PATCH', index.method_patch],
  ['DELETE', index.method_delete],
]);
const kinds: Readonly<Record<RequestKind, number>> = {
  'page view': index.page_views,
  download: index.downloads,
  'API call': index.api_calls,
  asset: index.assets,
  other: index.other_requests,
};

const newline = 10;
const carriageReturn = 13;
const space = 32;
const comma = 44;

/**
 * Takes lines of bytes, and counts each into its window; some become an event. This is the hot path: no
 * object and few strings for a line.
 */
export class LineCounter {
  readonly totals: Totals = { requests: 0, unparsed: 0, oversized: 0 };
  /** The earliest time of any line that was counted, ever, epoch ms; infinite before the first one. */
  since = Number.POSITIVE_INFINITY;
  readonly #options: LineCounterOptions;
  readonly #parser: LineParser;
  readonly #windows: Windows;
  readonly #request: RequestFields;
  readonly #hash = new ByteHash();
  readonly #agents: AgentMemory;
  /** The file whose lines are read now, and the place of the present line in it. */
  readonly #place = { file: '', offset: 0 };
  /** The client's address in the present line. */
  #addressStart = -1;
  #addressEnd = -1;
  /** Hash of the address and the agent in the present line. */
  readonly #visitor = new Int32Array(2);

  constructor(options: LineCounterOptions) {
    this.#options = options;
    this.#parser = options.parser;
    this.#windows = options.windows;
    this.#agents = new AgentMemory(options.parser);
    this.#request = new RequestFields(options.parser, new RouteMemory(options.prefix));
  }

  /** Takes the whole lines of a piece of a file. Returns where the first unfinished line begins. */
  takeLines(buffer: Buffer, end: number, file: string, fileOffset: number): number {
    this.#place.file = file;
    const nuls = buffer.subarray(0, end).includes(0);
    let start = 0;
    for (;;) {
      const stop = buffer.indexOf(newline, start);
      if (stop < 0 || stop >= end) break;
      this.#place.offset = fileOffset + start;
      if (nuls) this.#takeBehindNuls(buffer, start, stop);
      else this.#takeLine(buffer, start, stop);
      start = stop + 1;
    }
    this.#windows.closeDue();
    this.#options.parts.closeUntil(this.#windows.time);
    return start;
  }

  /** The end of a file that nobody writes any more: its last line may lack the newline. */
  takeRest(rest: Buffer, file: string, fileOffset: number): void {
    this.#place.file = file;
    this.#place.offset = fileOffset;
    this.#takeBehindNuls(rest, 0, rest.length);
  }

  /** A line that is longer than what is read of one. */
  takeOversized(): void {
    this.totals.oversized += 1;
    this.#options.onUnread?.(this.#windows.time);
  }

  takeMessages(): Message[] {
    const { traffic, parts } = this.#options;
    return [...this.#windows.takeClosed(), ...traffic.take(), ...parts.takeClosed()];
  }

  /** At the end of the file the wall clock stands in for lines that do not come. */
  closeByWallClock(now: number): void {
    this.#windows.closeByWallClock();
    this.#options.parts.closeUntil(now);
  }

  /**
   * After a loss of power a file system leaves NUL bytes where it had not written yet. The line is what stands behind
   * them; what stands before them is the piece of a line that is lost. Where the format writes NUL bytes itself
   * (escape=none), the whole line counts.
   */
  #takeBehindNuls(buffer: Buffer, start: number, stop: number): void {
    let from = start;
    while (from < stop && buffer[from] === 0) from += 1;
    const last = buffer.subarray(from, stop).lastIndexOf(0);
    const begin = last >= 0 && this.#parser.parse(buffer, from + last + 1, stop) ? from + last + 1 : from;
    this.#place.offset += begin - start;
    this.#takeLine(buffer, begin, stop);
  }

  #takeLine(buffer: Buffer, start: number, stop: number): void {
    const end = stop > start && buffer[stop - 1] === carriageReturn ? stop - 1 : stop;
    if (end === start) return;
    if (end - start > maxLineBytes) return this.takeOversized();
    const time = this.#parser.parse(buffer, start, end) ? lineTime(this.#parser) : Number.NaN;
    if (!(time >= 0 && time <= latestMs)) {
      this.totals.unparsed += 1;
      this.#options.onUnread?.(this.#windows.time);
      this.#options.onUnparsed(buffer.toString('utf8', start, Math.min(end, start + 300)));
      return;
    }
    this.totals.requests += 1;
    if (time < this.since) this.since = time;
    this.#count(time, this.#windows.at(time, this.#place), buffer, start, end);
    this.#windows.advance(time);
  }

  #count(time: number, window: Window, buffer: Buffer, start: number, end: number): void {
    const { counts } = window;
    const request = this.#request;
    request.read();
    this.#findAddress();
    const agentOf = this.#agents.kindOf(this.#countVisitor(window), request);
    const { traffic, ids } = this.#options;
    const { status } = request;
    const bytes = request.number(slots.bytes);
    const sent = Math.max(0, bytes || 0);
    const meant = this.#kindOf(time, agentOf);
    const partial = meant === 'download' && status === 206 ? this.#partOf(time, sent) : undefined;
    // What the first part is, is the whole download.
    const kind = partial !== undefined && partial.parts > 1 ? 'other' : meant;

    counts[index.requests]! += 1;
    counts[index.bytes_sent]! += sent;
    const statusClass = statusClasses[Math.floor(status / 100)] ?? -1;
    if (statusClass >= 0) counts[statusClass]! += 1;
    counts[methods.get(request.method) ?? index.method_other]! += 1;
    window.breakdown.routes[request.routeNumber]! += 1;
    // Views and downloads are those by people and their programs; everybody else is counted below.
    const apart = agentOf !== 'person' && agentOf !== 'machine';
    counts[apart && (kind === 'page view' || kind === 'download') ? index.other_requests : kinds[kind]]! += 1;
    if (agentOf !== 'own' && isFailedUpload(request)) counts[index.failed_uploads]! += 1;
    if (agentOf === 'crawler') counts[index.bot_requests]! += 1;
    else if (agentOf === 'extractor') {
      counts[index.extractor_requests]! += 1;
      counts[index.extractor_bytes]! += sent;
      window.breakdown.addExtractor(this.#agents.extractor, sent);
    }

    const unchanged = status === 304 && traffic.countsUsage && this.#isUnchangedDownload(agentOf);
    const events = traffic.eventsOf(kind, agentOf, request, unchanged);
    if (events.length === 0) return;
    const parser = this.#parser;
    const line = { buffer, start, end };
    const made = {
      time,
      agentKind: agentOf,
      request,
      bytes,
      received: request.number(slots.received),
      duration: request.number(slots.duration),
      address: this.#address(),
      agent: parser.text(slots.agent),
      referrer: parser.text(slots.referrer),
      user: parser.text(slots.user),
      extractor: agentOf === 'extractor' ? this.#agents.extractor : undefined,
      languages: parser.text(slots.languages),
    };
    for (const event of events) traffic.add(event, ids.ofLine(time, this.#place, line, event.aspect), made, partial);
  }

  #partOf(time: number, bytes: number): PartialDownload {
    return this.#options.parts.add(time, this.#windows.time, this.#visitor.join(), this.#request.path, bytes);
  }

  #kindOf(time: number, agent: AgentKind): RequestKind {
    const { classifier, views, prefix } = this.#options;
    const request = this.#request;
    const { route, status } = request;
    const kind = classifier.kindOf(request, agent);
    if (route.api !== undefined && status >= 200 && status <= 299) views.note(route.api);
    if ((kind !== 'page view' && kind !== 'download') || views.certain(route)) return kind;
    const view = { time, route, visitor: this.#visitor.join(), referrer: this.#parser.text(slots.referrer) };
    if (views.counts({ ...view, resource: resourceOf(request, prefix).id })) return kind;
    return route.api === undefined ? 'other' : 'API call';
  }

  #isUnchangedDownload(agent: AgentKind): boolean {
    const { classifier, views } = this.#options;
    return classifier.isUnchangedDownload(this.#request, agent) && views.hasDownload(this.#request.route);
  }

  /** The address that stands for the client, where there is a list of them. */
  #findAddress(): void {
    const { bounds, bytes } = this.#parser;
    let start = bounds[2 * slots.address]!;
    let end = bounds[2 * slots.address + 1]!;
    const { address } = this.#options;
    if (address !== 'whole' && start >= 0) {
      const at = address === 'first' ? bytes.indexOf(comma, start) : bytes.lastIndexOf(comma, end - 1);
      if (at >= start && at < end) {
        if (address === 'first') end = at;
        else start = at + 1;
        while (start < end && bytes[start] === space) start += 1;
        while (end > start && bytes[end - 1] === space) end -= 1;
      }
    }
    this.#addressStart = start;
    this.#addressEnd = end;
  }

  #address(): string | undefined {
    if (this.#addressStart < 0) return undefined;
    const text = this.#parser.textOf(this.#addressStart, this.#addressEnd);
    return text === '' || text === '-' ? undefined : text;
  }

  /** Counts the visitor and the connection; returns what the agent is. */
  #countVisitor(window: Window): ReturnType<AgentMemory['find']> {
    const { bounds, bytes } = this.#parser;
    const hash = this.#hash;
    hash.reset();
    const agentStart = bounds[2 * slots.agent]!;
    const agentEnd = bounds[2 * slots.agent + 1]!;
    if (agentStart >= 0) hash.add(bytes, agentStart, agentEnd);
    const { agentUnsaid } = this.#options;
    const kind = agentStart >= 0 ? this.#agents.find(hash.high, hash.low) : this.#agents.none(agentUnsaid);
    if (this.#addressStart >= 0) hash.add(bytes, this.#addressStart, this.#addressEnd);
    this.#visitor[0] = hash.high;
    this.#visitor[1] = hash.low;
    // The agent is in the hash: who is new under it is of its kind.
    if (window.visitors.add(hash.high, hash.low) && (kind === 'crawler' || kind === 'own')) window.programs += 1;
    if (bounds[2 * slots.connection]! >= 0) {
      hash.reset();
      hash.add(bytes, bounds[2 * slots.connection]!, bounds[2 * slots.connection + 1]!);
      if (bounds[2 * slots.pid]! >= 0) hash.add(bytes, bounds[2 * slots.pid]!, bounds[2 * slots.pid + 1]!);
      window.connections.add(hash.high, hash.low);
    }
    return kind;
  }
}
