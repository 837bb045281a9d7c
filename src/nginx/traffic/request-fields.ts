import type { LineParser } from '../lines/line-parser.js';
import { slots } from '../lines/slots.js';
import type { Request } from './requests.js';
import type { RouteMemory } from './route-memory.js';
import { type Route, routes } from './route-table.js';

const space = 32;
const slash = 47;
const question = 63;
const zero = 48;

/** Reads what was asked for from the fields that a parser found in the present line. Makes strings only when asked. */
export class RequestFields implements Request {
  readonly #parser: LineParser;
  readonly #memory: RouteMemory;
  #methodStart = 0;
  #methodEnd = 0;
  /** That of the last request whose method was asked for: mostly the next one has the same. */
  #method = '';
  #targetStart = -1;
  #targetEnd = -1;
  #pathEnd = -1;
  /** NaN when absent. */
  status = Number.NaN;
  /** Number of the route. */
  routeNumber = 0;

  constructor(parser: LineParser, memory: RouteMemory) {
    this.#parser = parser;
    this.#memory = memory;
  }

  /** Method and target, from the request line or from fields of their own. */
  read(): void {
    const { bounds, bytes } = this.#parser;
    let start = bounds[2 * slots.target]!;
    let end = bounds[2 * slots.target + 1]!;
    const line = bounds[2 * slots.request]!;
    if (line >= 0) {
      const stop = bounds[2 * slots.request + 1]!;
      let at = line;
      while (at < stop && bytes[at] !== space) at += 1;
      this.#methodStart = line;
      this.#methodEnd = at;
      start = Math.min(at + 1, stop);
      end = stop;
      while (end > start && bytes[end - 1] !== space) end -= 1;
      // `GET /path` alone is HTTP/0.9.
      end = end > start ? end - 1 : stop;
    } else {
      this.#methodStart = Math.max(0, bounds[2 * slots.method]!);
      this.#methodEnd = Math.max(0, bounds[2 * slots.method + 1]!);
    }
    this.status = this.number(slots.status);
    this.#targetStart = start < 0 ? 0 : this.#behindHost(start, end);
    this.#targetEnd = start < 0 ? 0 : end;
    const memory = this.#memory;
    this.routeNumber = memory.routeOf(bytes, this.#methodStart, this.#methodEnd, this.#targetStart, this.#targetEnd);
    this.#pathEnd = memory.pathEnd;
  }

  get route(): Route {
    return routes[this.routeNumber]!;
  }

  get method(): string {
    const { bytes } = this.#parser;
    if (!isText(this.#method, bytes, this.#methodStart, this.#methodEnd))
      this.#method = bytes.toString('latin1', this.#methodStart, this.#methodEnd);
    return this.#method;
  }

  get path(): string {
    return this.#parser.bytes.toString('latin1', this.#targetStart, this.#pathEnd);
  }

  get query(): string {
    if (this.#pathEnd < this.#targetEnd)
      return this.#parser.bytes.toString('latin1', this.#pathEnd + 1, this.#targetEnd);
    return this.#ownQuery();
  }

  /** As the client sent it, without the host. */
  get target(): string {
    const target = this.#parser.textOf(this.#targetStart, this.#targetEnd);
    const query = this.#pathEnd < this.#targetEnd ? '' : this.#ownQuery();
    return query === '' || target.includes('?') ? target : `${target}?${query}`;
  }

  /** NaN when absent. */
  number(slot: number): number {
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

  /** Some logs have the query in a field apart. */
  #ownQuery(): string {
    return this.#parser.bounds[2 * slots.query]! < 0 ? '' : (this.#parser.text(slots.query) ?? '');
  }

  /** A client of a proxy sends the whole address: http://host/path */
  #behindHost(start: number, end: number): number {
    const { bytes } = this.#parser;
    if (bytes[start] === slash || end - start <= 7) return start;
    const scheme = bytes.indexOf('://', start, 'latin1');
    if (scheme <= start || scheme >= Math.min(end, start + 6)) return start;
    let from = scheme + 3;
    while (from < end && bytes[from] !== slash && bytes[from] !== question) from += 1;
    return from;
  }
}

/** Whether these bytes are that text in latin1. */
function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
