import { createHmac, hash } from 'node:crypto';

const blockBytes = 64;
const innerPad = 0x36;
const outerPad = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) under one key for many short texts: two hashes in one call each, where `createHmac` makes an
 * object for each text that the collector has to see off. A key that is not ASCII, or is longer than a block, takes
 * that way all the same.
 */
export class Hmac {
  readonly key: string;
  /** The key's block under the inner pad, as text; undefined for a key that has no such text. */
  readonly #inner: string | undefined;
  /** The key's block under the outer pad, and room for the inner hash. */
  readonly #outer = Buffer.alloc(blockBytes + 32, outerPad);

  constructor(key: string) {
    this.key = key;
    if (key.length > blockBytes || !/^[\0-\x7f]*$/.test(key)) return;
    const inner = Buffer.alloc(blockBytes, innerPad);
    for (let at = 0; at < key.length; at += 1) {
      inner[at]! ^= key.charCodeAt(at);
      this.#outer[at]! ^= key.charCodeAt(at);
    }
    this.#inner = inner.toString('latin1');
  }

  /** 64 hex digits. */
  of(text: string): string {
    if (this.#inner === undefined) return createHmac('sha256', this.key).update(text).digest('hex');
    this.#outer.write(hash('sha256', this.#inner + text, 'binary'), blockBytes, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }
}
