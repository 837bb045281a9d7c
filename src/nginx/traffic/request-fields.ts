import type { LineParser } from '../lines/line-parser.js';
import { slots } from '../lines/slots.js';
import type { Request } from './requests.js';

const space = 32;
const slash = 47;
const question = 63;
const zero = 48;

/** Reads what was asked for from the fields that a parser found in the present line. */
export class RequestFields {
  readonly #parser: LineParser;
  #targetStart = -1;
  #targetEnd = -1;

  constructor(parser: LineParser) {
    this.#parser = parser;
  }

  /** Method and target, from the request line or from fields of their own. */
  read(): Request {
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

  /** The target of the request that was read last, as the client sent it, without the host. */
  target(query: string): string {
    const target = this.#targetStart < 0 ? '' : this.#parser.textOf(this.#targetStart, this.#targetEnd);
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

  #split(method: string, start: number, end: number): Request {
    const { bounds, bytes } = this.#parser;
    const status = this.number(slots.status);
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
    let queryAt = from;
    while (queryAt < end && bytes[queryAt] !== question) queryAt += 1;
    const path = bytes.toString('latin1', from, queryAt);
    if (queryAt < end) return { method, path, query: bytes.toString('latin1', queryAt + 1, end), status };
    const query = bounds[2 * slots.query]! < 0 ? '' : (this.#parser.text(slots.query) ?? '');
    return { method, path, query, status };
  }
}
