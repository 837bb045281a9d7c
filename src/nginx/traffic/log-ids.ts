import { isAscii } from 'node:buffer';
import { hashOf, keyedHash, keyedText, timedId } from '../../events/identity.js';
import { maxLineBytes } from '../limits.js';
import type { LineAspect } from './traffic.js';

/**
 * Where a line is: `file` is the hash of its file's first whole line, `offset` counts unpacked
 * bytes. Neither path nor inode enters.
 */
export interface LinePlace {
  readonly file: string;
  readonly offset: number;
}

/** A line's own bytes, without its newline. */
export interface LineBytes {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** What is hashed of a line beside its bytes, which is less than this. */
const headBytes = 1024;

/**
 * Ids of what is made from a log: the same line at the same place of the same file is the same event, whenever
 * and under whatever name it is read.
 */
export class LogIds {
  readonly #secret: string;
  /** What is hashed begins alike for all lines of one file. */
  #file: string | undefined;
  #aspect: LineAspect | undefined;
  #begun = '';
  /** Begins with it, as bytes. */
  readonly #hashed = Buffer.alloc(headBytes + maxLineBytes);
  #begunEnd = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * `time`: epoch ms. The line is read as latin1. Whether it is a view, a download or a call is one aspect of it,
   * whoever gets the event.
   */
  ofLine(time: number, { file, offset }: LinePlace, line: LineBytes, aspect: LineAspect): string {
    if (file !== this.#file || aspect !== this.#aspect) {
      this.#file = file;
      this.#aspect = aspect;
      this.#begun = keyedText(this.#secret, aspect, file);
      this.#begunEnd = this.#hashed.write(this.#begun, 'utf8');
    }
    return timedId(Math.floor(time), this.#hashOf(offset, line));
  }

  /** `start`: epoch ms. `places`: of the first and the last line counted in the window. */
  ofWindow(start: number, part: number, first: string, last: string): string {
    return timedId(start, keyedHash(this.#secret, 'connections', start, part, first, last));
  }

  /** `keyedText` of these, hashed. Where all of it is ASCII, no text is made of the line. */
  #hashOf(offset: number, { buffer, start, end }: LineBytes): string {
    if (this.#begunEnd < headBytes / 2) {
      const head = `${keyedText('', offset)}\n${end - start}:`;
      const at = this.#begunEnd + this.#hashed.write(head, this.#begunEnd, 'latin1');
      const hashed = this.#hashed.subarray(0, at + buffer.copy(this.#hashed, at, start, end));
      if (isAscii(hashed)) return hashOf(hashed);
    }
    return hashOf(keyedText(this.#begun, offset, buffer.toString('latin1', start, end)));
  }
}
