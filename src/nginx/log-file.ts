import { hashOf } from '../events/identity.js';
import type { Content } from './content.js';
import { firstBytes } from './content.js';
import {
  beginsWith,
  type Fingerprint,
  fingerprintOf,
  headBytes,
  headFingerprint,
  noFingerprint,
  tailBytes,
} from './fingerprint.js';
import { maxLineBytes } from './limits.js';

export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** Where the reading of one file stands. Together with the file's content it says what is left to read. */
export interface FilePosition extends FileIdentity {
  /** Names the content in ids, whatever becomes of the file's name and inode. Empty until there is content. */
  readonly key: string;
  readonly head: Fingerprint;
  /** Of the bytes right before `offset`. */
  readonly tail: Fingerprint;
  /** Where the first line begins that was not counted. */
  readonly offset: number;
  /** `offset` is within a line that is too long. */
  readonly skipping: boolean;
}

/** Takes whole lines from the front of the buffer; returns where the first unfinished one begins. */
export type TakeLines = (buffer: Buffer, end: number, key: string, offset: number) => number;

const chunkBytes = 128 * 1024;
export const readBufferBytes = maxLineBytes + chunkBytes;

/** One open log file, and how far it was read. A line that is not finished yet waits in memory; its bytes are not counted as read. */
export class LogFile {
  readonly #content: Content;
  #key: string;
  #head: Fingerprint;
  #tail: Fingerprint;
  #offset: number;
  #skipping: boolean;
  /** The unfinished line behind `offset`. */
  #rest: Buffer = Buffer.alloc(0);
  #looked = { size: -1, written: -1 };
  /** Of an archive: everything was read. */
  #ended = false;

  constructor(content: Content, position: Partial<FilePosition> = {}) {
    this.#content = content;
    this.#key = position.key ?? '';
    this.#head = position.head ?? noFingerprint;
    this.#tail = position.tail ?? noFingerprint;
    this.#offset = position.offset ?? 0;
    this.#skipping = position.skipping ?? false;
  }

  get grows(): boolean {
    return this.#content.grows;
  }

  /** Bytes that were read and not counted: the unfinished last line. */
  get rest(): Buffer {
    return this.#rest;
  }

  get position(): FilePosition {
    const { dev, ino } = this.#content;
    return {
      ...{ key: this.#key, dev, ino, head: this.#head, tail: this.#tail },
      offset: this.#offset,
      skipping: this.#skipping,
    };
  }

  is({ dev, ino }: FileIdentity): boolean {
    return this.#content.dev === dev && this.#content.ino === ino;
  }

  /** When it was written last, epoch ms; undefined while there is more to read in it. */
  async quietSince(): Promise<number | undefined> {
    const { size, written } = await this.#content.state();
    const atEnd = size === undefined ? this.#ended : size <= this.#offset + this.#rest.length;
    return atEnd ? written : undefined;
  }

  /** When it came into being, epoch ms. */
  async born(): Promise<number> {
    return (await this.#content.state()).born;
  }

  /** False: what was read is not there any more, the file was truncated and perhaps written anew. */
  async intact(): Promise<boolean> {
    const { size, written } = await this.#content.state();
    if (size === undefined || (size === this.#looked.size && written === this.#looked.written)) return true;
    if (size < this.#offset + this.#rest.length) return false;
    const head = await firstBytes(this.#content, headBytes);
    if (!beginsWith(head, this.#head) || !(await this.#endsRight())) return false;
    if (head.length > this.#head.length) this.#head = headFingerprint(head);
    this.#name();
    this.#looked = { size, written };
    return true;
  }

  /** Reads the next piece; false when there is none (yet). `onOversized` is told of each line that was passed over. */
  async read(buffer: Buffer, take: TakeLines, onOversized: () => void): Promise<boolean> {
    const carried = this.#rest.length;
    this.#rest.copy(buffer);
    const count = await this.#content.read(buffer, carried, chunkBytes, this.#offset + carried);
    if (count === 0) {
      this.#ended = !this.#content.grows;
      return false;
    }
    if (this.#key === '') await this.#identify();
    const end = carried + count;
    const start = this.#skipping ? this.#skip(buffer, end, onOversized) : 0;
    if (start === end) this.#advance(buffer, end);
    else {
      // The lines begin behind what was skipped.
      const lines = start === 0 ? buffer : buffer.subarray(start);
      const used = start + take(lines, end - start, this.#key, this.#offset + start);
      const skips = end - used > maxLineBytes;
      this.#advance(buffer, skips ? end : used);
      this.#skipping = skips;
      this.#rest = skips ? Buffer.alloc(0) : Buffer.from(buffer.subarray(used, end));
    }
    return true;
  }

  close(): Promise<void> {
    return this.#content.close();
  }

  async #identify(): Promise<void> {
    if (this.#content.grows) this.#head = headFingerprint(await firstBytes(this.#content, headBytes));
    this.#name();
  }

  /** Once there is a line to be named. */
  #name(): void {
    const { dev, ino } = this.#content;
    if (this.#key === '' && this.#head.length > 0) this.#key = hashOf(`${dev}:${ino}:${this.#head.hash}`);
  }

  async #endsRight(): Promise<boolean> {
    const { length } = this.#tail;
    if (length === 0) return true;
    const bytes = Buffer.alloc(length);
    const count = await this.#content.read(bytes, 0, length, this.#offset - length);
    return count === length && beginsWith(bytes, this.#tail);
  }

  #skip(buffer: Buffer, end: number, onOversized: () => void): number {
    const newline = buffer.indexOf(10);
    if (newline < 0 || newline >= end) return end;
    onOversized();
    this.#skipping = false;
    return newline + 1;
  }

  #advance(buffer: Buffer, used: number): void {
    if (used === 0) return;
    this.#offset += used;
    this.#tail = fingerprintOf(buffer.subarray(Math.max(0, used - tailBytes), used));
    this.#rest = Buffer.alloc(0);
  }
}
