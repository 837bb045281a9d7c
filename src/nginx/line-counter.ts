import type { Message } from '../events/message.js';
import { latestMs } from '../events/timestamp.js';
import { agentKind, showsKey } from './agents.js';
import { slots } from './format.js';
import { ByteHash } from './hash.js';
import type { LineParser } from './line-parser.js';
import type { Request, RequestClassifier, RequestKind } from './requests.js';
import { isoTime, localTime, unixTime } from './time.js';
import type { TrafficEvents } from './traffic.js';
import { type CounterName, counters, type Window, type Windows } from './windows.js';

/** Longer lines are passed over, and counted. */
export const maxLineBytes = 64 * 1024;

/** Of the lines that were read, since the first one ever. */
export interface Totals {
  /** Lines that were understood; each is one request. */
  requests: number;
  /** Lines that are not of the format. */
  unparsed: number;
  /** Lines beyond 64 KiB. */
  oversized: number;
}

export interface LineCounterOptions {
  readonly parser: LineParser;
  readonly classifier: RequestClassifier;
  readonly windows: Windows;
  readonly traffic: TrafficEvents;
  /** A line that is not of the format. */
  readonly onUnparsed: (line: string) => void;
}

const index = Object.fromEntries(counters.map((name, place) => [name, place])) as Record<CounterName, number>;
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
const dash = 45;
const zero = 48;
const slash = 47;
const question = 63;
/** Places in the memory of agents. */
const agentPlaces = 4096;
const agentKinds = ['person', 'crawler', 'extractor', 'extractor with key'] as const;

/** Takes lines of bytes, and counts each into its window; some become an event. This is the hot path: no object and few strings for a line. */
export class LineCounter {
  readonly totals: Totals = { requests: 0, unparsed: 0, oversized: 0 };
  readonly #options: LineCounterOptions;
  readonly #parser: LineParser;
  readonly #windows: Windows;
  readonly #hash = new ByteHash();
  readonly #agentHashes = new Int32Array(2 * agentPlaces);
  readonly #agentKinds = new Uint8Array(agentPlaces);
  /** The file whose lines are read now, and the place of its line in it. */
  #file = '';
  #offset = 0;
  #targetStart = -1;
  #targetEnd = -1;
  readonly #origin = (): string => `${this.#file}:${this.#offset}`;

  constructor(options: LineCounterOptions) {
    this.#options = options;
    this.#parser = options.parser;
    this.#windows = options.windows;
  }

  /** Takes the whole lines of a piece of a file. Returns where the first unfinished line begins. */
  takeLines(buffer: Buffer, end: number, file: string, fileOffset: number): number {
    this.#file = file;
    let start = 0;
    for (;;) {
      const stop = buffer.indexOf(newline, start);
      if (stop < 0 || stop >= end) break;
      this.#offset = fileOffset + start;
      this.#takeLine(buffer, start, stop);
      start = stop + 1;
    }
    this.#windows.closeDue();
    return start;
  }

  /** The end of a file that nobody writes any more: its last line may lack the newline. */
  takeRest(rest: Buffer, file: string, fileOffset: number): void {
    this.#file = file;
    this.#offset = fileOffset;
    this.#takeLine(rest, 0, rest.length);
  }

  takeMessages(): Message[] {
    return [...this.#windows.takeClosed(), ...this.#options.traffic.take()];
  }

  #takeLine(buffer: Buffer, start: number, stop: number): void {
    const end = stop > start && buffer[stop - 1] === carriageReturn ? stop - 1 : stop;
    if (end === start) return;
    if (end - start > maxLineBytes) {
      this.totals.oversized += 1;
      return;
    }
    const time = this.#parser.parse(buffer, start, end) ? this.#time() : Number.NaN;
    if (!(time >= 0 && time <= latestMs)) {
      this.totals.unparsed += 1;
      this.#options.onUnparsed(buffer.toString('utf8', start, Math.min(end, start + 300)));
      return;
    }
    this.totals.requests += 1;
    this.#count(time, this.#windows.at(time, this.#origin));
    this.#windows.advance(time);
  }

  #count(time: number, window: Window): void {
    const { counts } = window;
    const request = this.#request();
    const agent = this.#visitor(window);
    const agentOf = agent !== 'extractor with key' ? agent : showsKey(request.query) ? 'extractor' : 'person';
    const { classifier, traffic } = this.#options;
    const { status } = request;
    const kind = classifier.kindOf(request);
    const bytes = this.#number(slots.bytes);

    counts[index.requests]! += 1;
    if (bytes > 0) counts[index.bytes_sent]! += bytes;
    const statusClass = statusClasses[Math.floor(status / 100)] ?? -1;
    if (statusClass >= 0) counts[statusClass]! += 1;
    counts[methods.get(request.method) ?? index.method_other]! += 1;
    // Views and downloads are those by people; whoever else came is told below.
    const apart = agentOf === 'crawler' || agentOf === 'extractor';
    counts[apart && (kind === 'page view' || kind === 'download') ? index.other_requests : kinds[kind]]! += 1;
    if (agentOf === 'crawler') counts[index.bot_requests]! += 1;
    else if (agentOf === 'extractor') counts[index.extractor_requests]! += 1;

    if (traffic.wants(kind, agentOf)) {
      const parser = this.#parser;
      traffic.add({
        time,
        origin: this.#origin(),
        kind,
        agentKind: agentOf,
        request,
        target: this.#target(request.query),
        bytes,
        duration: this.#number(slots.duration),
        address: parser.text(slots.address)?.split(',')[0]?.trim(),
        agent: parser.text(slots.agent),
        referrer: parser.text(slots.referrer),
      });
    }
  }

  /** By its form, wherever it stands: JSON logs put any of them under any name. */
  #time(): number {
    const { bounds, bytes } = this.#parser;
    let slot: number = slots.msec;
    if (bounds[2 * slot]! < 0) slot = slots.timeIso;
    if (bounds[2 * slot]! < 0) slot = slots.timeLocal;
    const start = bounds[2 * slot]!;
    const end = bounds[2 * slot + 1]!;
    if (start < 0) return Number.NaN;
    if (bytes[start + 2] === slash) return end - start >= 26 ? localTime(bytes, start) : Number.NaN;
    if (bytes[start + 4] === dash) return end - start >= 19 ? isoTime(bytes, start, end) : Number.NaN;
    return unixTime(bytes, start, end);
  }

  /** Method and target, from the request line or from fields of their own. */
  #request(): Request {
    const { bounds, bytes } = this.#parser;
    let method = '';
    let start = bounds[2 * slots.target]!;
    let end = bounds[2 * slots.target + 1]!;
    const line = bounds[2 * slots.request]!;
    if (line >= 0) {
      const stop = bounds[2 * slots.request + 1]!;
      let at = line;
      while (at < stop && bytes[at] !== space) at += 1;
      method = bytes.toString('latin1', line, at);
      start = Math.min(at + 1, stop);
      end = stop;
      while (end > start && bytes[end - 1] !== space) end -= 1;
      // `GET /path` alone is HTTP/0.9.
      end = end > start ? end - 1 : stop;
    } else if (bounds[2 * slots.method]! >= 0) {
      method = bytes.toString('latin1', bounds[2 * slots.method]!, bounds[2 * slots.method + 1]!);
    }
    return this.#split(method, start, end);
  }

  #split(method: string, start: number, end: number): Request {
    const { bounds, bytes } = this.#parser;
    const status = this.#number(slots.status);
    this.#targetStart = start;
    this.#targetEnd = end;
    if (start < 0) return { method, path: '', query: '', status };
    let from = start;
    // A client of a proxy sends the whole address: http://host/path
    if (bytes[start] !== slash && end - start > 7) {
      const scheme = bytes.indexOf('://', start, 'latin1');
      if (scheme > start && scheme < Math.min(end, start + 6)) {
        from = scheme + 3;
        while (from < end && bytes[from] !== slash && bytes[from] !== question) from += 1;
      }
    }
    this.#targetStart = from;
    let mark = from;
    while (mark < end && bytes[mark] !== question) mark += 1;
    const path = bytes.toString('latin1', from, mark);
    if (mark < end) return { method, path, query: bytes.toString('latin1', mark + 1, end), status };
    const query = bounds[2 * slots.query]! < 0 ? '' : (this.#parser.text(slots.query) ?? '');
    return { method, path, query, status };
  }

  /** Of the line whose request was looked at last, as the client sent it, without the host. */
  #target(query: string): string {
    const target = this.#targetStart < 0 ? '' : this.#parser.textOf(this.#targetStart, this.#targetEnd);
    return query === '' || target.includes('?') ? target : `${target}?${query}`;
  }

  /** Counts the visitor and the connection; tells what the agent is. */
  #visitor({ visitors, connections }: Window): (typeof agentKinds)[number] {
    const { bounds, bytes } = this.#parser;
    const hash = this.#hash;
    hash.reset();
    const agentStart = bounds[2 * slots.agent]!;
    const agentEnd = bounds[2 * slots.agent + 1]!;
    let kind: (typeof agentKinds)[number] = 'person';
    if (agentStart >= 0) {
      hash.add(bytes, agentStart, agentEnd);
      kind = this.#agentKind(hash.high, hash.low);
    }
    if (bounds[2 * slots.address]! >= 0) hash.add(bytes, bounds[2 * slots.address]!, bounds[2 * slots.address + 1]!);
    visitors.add(hash.high, hash.low);
    if (bounds[2 * slots.connection]! >= 0) {
      hash.reset();
      hash.add(bytes, bounds[2 * slots.connection]!, bounds[2 * slots.connection + 1]!);
      if (bounds[2 * slots.pid]! >= 0) hash.add(bytes, bounds[2 * slots.pid]!, bounds[2 * slots.pid + 1]!);
      connections.add(hash.high, hash.low);
    }
    return kind;
  }

  /** Judged once, and remembered in the one place that its hash gives it. */
  #agentKind(high: number, low: number): (typeof agentKinds)[number] {
    const place = low & (agentPlaces - 1);
    const hashes = this.#agentHashes;
    if (hashes[2 * place] !== high || hashes[2 * place + 1] !== low) {
      hashes[2 * place] = high;
      hashes[2 * place + 1] = low;
      this.#agentKinds[place] = agentKinds.indexOf(agentKind(this.#parser.text(slots.agent) ?? ''));
    }
    return agentKinds[this.#agentKinds[place]!]!;
  }

  /** NaN when absent. */
  #number(slot: number): number {
    const { bounds, bytes } = this.#parser;
    const start = bounds[2 * slot]!;
    const end = bounds[2 * slot + 1]!;
    if (start < 0 || start === end) return Number.NaN;
    let value = 0;
    for (let at = start; at < end; at += 1) {
      const unit = bytes[at]! - zero;
      if (unit < 0 || unit > 9) return Number.parseFloat(bytes.toString('latin1', start, end));
      value = value * 10 + unit;
    }
    return value;
  }
}
