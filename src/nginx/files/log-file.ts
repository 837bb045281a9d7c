import { maxLineBytes } from '../limits.js';
import { type Content, readAt, readHead } from './content.js';
import {
  beginsWith,
  type Fingerprint,
  fingerprintOf,
  type Head,
  headBytes,
  headOf,
  isSure,
  noFingerprint,
  tailBytes,
} from './fingerprint.js';
import { trailBytes, trailOf } from './last-line-hashes.js';
import { resumeAt } from './resume.js';
import { behindNuls } from './unfinished-line.js';

/** Where the file system has it. That is a hint: a file is known by what it says. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/** Where the reading of one file stands. Together with the file's content it says what is left to read. */
export interface FilePosition extends FileIdentity {
  readonly path: string;
  readonly first: Fingerprint;
  readonly head: Fingerprint;
  /** Fingerprint of the bytes right before `offset`. */
  readonly tail: Fingerprint;
  /** The last lines before `offset`: see last-line-hashes.ts. */
  readonly trail: readonly string[];
  /** Where the first line begins that was not counted. */
  readonly offset: number;
  /** `offset` is within a line that is too long. */
  readonly skipping: boolean;
  /** Another file has its lines too, and is read in its place. */
  readonly superseded: boolean;
  /** It took the place of another file, and nothing was read of it yet. Absent in checkpoints of 1.0. */
  readonly waits?: boolean;
}

/**
 * intact: what was read is there. unclear: less is there than was read, as while somebody copies a log into its place.
 * changed: bytes were cut off, zeroed or edited, and reading goes on from where they were. replaced: it says something
 * else altogether.
 */
export type FileCheck = 'intact' | 'unclear' | 'changed' | 'replaced';

/**
 * Takes whole lines from the front of the buffer; returns where the first unfinished one
 * begins. `file` names the file in ids.
 */
export type TakeLines = (buffer: Buffer, end: number, file: string, offset: number) => number;

const chunkBytes = 128 * 1024;
export const readBufferBytes = maxLineBytes + chunkBytes;

/**
 * One open log file, and how far it was read. A line that is not finished yet waits in memory;
 * its bytes are not counted as read.
 */
export class LogFile {
  readonly path: string;
  readonly #content: Content;
  #head: Head;
  #tail: Fingerprint;
  #trail: readonly string[];
  #offset: number;
  #skipping: boolean;
  #superseded: boolean;
  #waits: boolean;
  /** The last bytes before `offset`; tail and trail are of them, once they are there. */
  #recent: Buffer = Buffer.alloc(0);
  /** The unfinished line behind `offset`. */
  #rest: Buffer = Buffer.alloc(0);
  #checked = { size: -1, written: -1 };
  /** Everything in the archive was read. */
  #ended = false;

  constructor(path: string, content: Content, position: Partial<FilePosition> = {}) {
    this.path = path;
    this.#content = content;
    const { first = noFingerprint, head = noFingerprint } = position;
    this.#head = { first, head };
    this.#tail = position.tail ?? noFingerprint;
    this.#trail = position.trail ?? [];
    this.#offset = position.offset ?? 0;
    this.#skipping = position.skipping ?? false;
    this.#superseded = position.superseded ?? false;
    this.#waits = position.waits ?? false;
  }

  get grows(): boolean {
    return this.#content.grows;
  }

  get content(): Content {
    return this.#content;
  }

  get offset(): number {
    return this.#offset;
  }

  get head(): Head {
    return this.#head;
  }

  get skipping(): boolean {
    return this.#skipping;
  }

  get superseded(): boolean {
    return this.#superseded;
  }

  get waits(): boolean {
    return this.#waits;
  }

  /** Names the file in ids; empty until it holds a whole line. */
  get key(): string {
    return this.#head.first.hash;
  }

  /** Bytes that were read and not counted: the unfinished last line. */
  get rest(): Buffer {
    return this.#rest;
  }

  get position(): FilePosition {
    const { dev, ino } = this.#content;
    if (this.#recent.length > 0) {
      this.#tail = fingerprintOf(this.#recent.subarray(-tailBytes));
      this.#trail = trailOf(this.#recent);
    }
    return {
      ...{ path: this.path, dev, ino, ...this.#head, tail: this.#tail, trail: this.#trail },
      ...{ offset: this.#offset, skipping: this.#skipping },
      ...{ superseded: this.#superseded, waits: this.#waits },
    };
  }

  is({ dev, ino }: FileIdentity): boolean {
    return this.#content.dev === dev && this.#content.ino === ino;
  }

  /** Its lines are read from another file; what is unfinished here is finished there. */
  supersede(): void {
    this.#superseded = true;
  }

  /** Reads on from there in the place of another file, whose lines before it are read first. */
  async takeOver(offset: number): Promise<void> {
    await this.moveTo(offset);
    this.#waits = true;
  }

  /** When it was written last, epoch ms; undefined while there is more to read in it. */
  async quietSince(): Promise<number | undefined> {
    const { size, written } = await this.#content.state();
    const atEnd = size === undefined ? this.#ended : size <= this.#offset + this.#rest.length;
    return atEnd ? written : undefined;
  }

  /** Its size in bytes while it holds everything that was read, up to the offset; undefined when it does not. */
  async holds(): Promise<number | undefined> {
    const { size } = await this.#content.state();
    if (size === undefined || size < this.#offset) return undefined;
    const { first, head } = this.#head;
    const known = head.length <= headBytes ? head : first;
    const begins = beginsWith(await readAt(this.#content, 0, known.length), known);
    return begins && (await this.#endsRight()) ? size : undefined;
  }

  /** `trail`: search for the lines that were read last even when the file begins otherwise. */
  async check(trail = true): Promise<FileCheck> {
    const { size, written } = await this.#content.state();
    if (size === undefined || (size === this.#checked.size && written === this.#checked.written)) return 'intact';
    if ((await this.holds()) !== undefined) {
      await this.#checkRest(size);
      await this.identify();
      this.#checked = { size, written };
      return 'intact';
    }
    const { first, head } = this.#head;
    const begins = beginsWith(await readAt(this.#content, 0, first.length || head.length), first.length ? first : head);
    if (size === 0 || head.length === 0 || !(begins || trail)) return 'replaced';
    const place = await resumeAt(this.#content, size, { begins, ...this.position });
    if (place === undefined) return begins ? 'unclear' : 'replaced';
    await this.moveTo(place);
    this.#checked = { size, written };
    return 'changed';
  }

  /** Reads on from there. */
  async moveTo(offset: number): Promise<void> {
    this.#offset = offset;
    this.#skipping = false;
    this.#rest = Buffer.alloc(0);
    this.#head = { first: noFingerprint, head: noFingerprint };
    await this.identify();
    await this.#loadRecent();
  }

  /** Goes on behind what is there, for good or ill: what was read is nowhere to be found. */
  async moveToEnd(): Promise<void> {
    const { size = 0 } = await this.#content.state();
    await this.moveTo(Math.min(size, this.#offset));
  }

  /** Reads what the file is known by, as far as it is there. */
  async identify(): Promise<void> {
    if (!this.#content.grows) return;
    if (!isSure(this.#head)) this.#head = headOf(await readHead(this.#content));
    if (this.#recent.length === 0 && this.#offset > 0) await this.#loadRecent();
  }

  /**
   * Reads the next piece; false when there is none (yet). `onOversized` is called for each line that was passed over.
   */
  async read(buffer: Buffer, take: TakeLines, onOversized: () => void): Promise<boolean> {
    const carried = this.#rest.length;
    this.#rest.copy(buffer);
    const count = await this.#content.read(buffer, carried, chunkBytes, this.#offset + carried);
    if (count === 0) {
      this.#ended = !this.#content.grows;
      return false;
    }
    const end = carried + count;
    if (this.key === '') await this.#identifyBy(buffer.subarray(0, end));
    const start = this.#skipping ? this.#skip(buffer, end, onOversized) : 0;
    if (start === end) this.#advance(buffer, end);
    else {
      // The lines begin behind what was skipped.
      const lines = start === 0 ? buffer : buffer.subarray(start);
      const used = behindNuls(buffer, start + take(lines, end - start, this.key, this.#offset + start), end);
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

  /** By the very bytes that are counted: by now the file may say something else, or nothing. */
  async #identifyBy(bytes: Buffer): Promise<void> {
    if (this.#offset === 0 && this.#content.grows) this.#head = headOf(bytes);
    else await this.identify();
  }

  async #endsRight(): Promise<boolean> {
    const { length } = this.#tail;
    const tail = this.#recent.length > 0 ? fingerprintOf(this.#recent.subarray(-tailBytes)) : this.#tail;
    if (tail.length === 0) return length === 0;
    const bytes = await readAt(this.#content, this.#offset - tail.length, tail.length);
    return bytes.length === tail.length && beginsWith(bytes, tail);
  }

  /** The unfinished line may have been cut off or written anew; it was not counted. */
  async #checkRest(size: number): Promise<void> {
    const { length } = this.#rest;
    if (length === 0) return;
    const bytes = size < this.#offset + length ? undefined : await readAt(this.#content, this.#offset, length);
    if (!bytes?.equals(this.#rest)) this.#rest = Buffer.alloc(0);
  }

  async #loadRecent(): Promise<void> {
    const length = Math.min(this.#offset, trailBytes);
    this.#recent = await readAt(this.#content, this.#offset - length, length);
  }

  #skip(buffer: Buffer, end: number, onOversized: () => void): number {
    const newline = buffer.indexOf(10);
    if (newline < 0 || newline >= end) return end;
    onOversized();
    this.#skipping = false;
    return newline + 1;
  }

  #advance(buffer: Buffer, used: number): void {
    this.#rest = Buffer.alloc(0);
    if (used === 0) return;
    this.#waits = false;
    this.#offset += used;
    const kept = buffer.subarray(Math.max(0, used - trailBytes), used);
    this.#recent =
      kept.length === trailBytes ? Buffer.from(kept) : Buffer.concat([this.#recent, kept]).subarray(-trailBytes);
  }
}
