import { ByteHash } from './hash.js';
import { findRoute, noRoute } from './route-table.js';

/** Places in the memory; Clowder has some hundred shapes of requests, and scanners bring a few more. */
const places = 4096;
const slash = 47;
const question = 63;
const idLength = 24;
/** In place of the digits of an id. */
const anyId = 0x1ff;

const hexDigits = Uint8Array.from({ length: 256 }, (_, byte) => (/[0-9a-f]/i.test(String.fromCharCode(byte)) ? 1 : 0));

/**
 * Finds the route of a request by the hash of its shape: the bytes of its method and path, with one sign for each id.
 * A shape is looked up in the table once, and remembered in the one place that its hash gives it.
 */
export class RouteMemory {
  /** Where the path ends that was read last. */
  pathEnd = 0;
  readonly #hash = new ByteHash();
  readonly #hashes = new Int32Array(2 * places);
  readonly #routes = new Uint16Array(places);
  readonly #prefix: string;

  /** @param prefix where Clowder is: begins with a slash and ends without one, or is empty */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Number of the route; the path goes on until a question mark or `end`. */
  routeOf(bytes: Buffer, methodStart: number, methodEnd: number, pathStart: number, end: number): number {
    const hash = this.#hash;
    hash.reset();
    hash.add(bytes, methodStart, methodEnd);
    const pathEnd = this.#addShape(bytes, pathStart, end);
    this.pathEnd = pathEnd;
    const { high, low } = hash;
    const place = low & (places - 1);
    if (this.#hashes[2 * place] !== high || this.#hashes[2 * place + 1] !== low) {
      this.#hashes[2 * place] = high;
      this.#hashes[2 * place + 1] = low;
      const method = bytes.toString('latin1', methodStart, methodEnd);
      this.#routes[place] = this.find(method, bytes.toString('latin1', pathStart, pathEnd));
    }
    return this.#routes[place]!;
  }

  find(method: string, path: string): number {
    if (this.#prefix === '') return findRoute(method, path);
    return path.startsWith(`${this.#prefix}/`) ? findRoute(method, path.slice(this.#prefix.length)) : noRoute;
  }

  /** Returns where the path ends. */
  #addShape(bytes: Buffer, start: number, end: number): number {
    const hash = this.#hash;
    let at = start;
    for (;;) {
      const segment = at;
      let digits = true;
      for (; at < end; at += 1) {
        const byte = bytes[at]!;
        if (byte === slash || byte === question) break;
        if (hexDigits[byte] === 0) digits = false;
      }
      if (digits && at - segment === idLength) hash.addSign(anyId);
      else hash.add(bytes, segment, at);
      if (at >= end || bytes[at] === question) return at;
      at += 1;
    }
  }
}
