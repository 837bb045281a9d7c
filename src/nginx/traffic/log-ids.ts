import { hashOf, keyedHash, keyedText, timedId } from '../../events/identity.js';
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
    }
    const text = line.buffer.toString('latin1', line.start, line.end);
    return timedId(Math.floor(time), hashOf(keyedText(this.#begun, offset, text)));
  }

  /** `start`: epoch ms. `places`: of the first and the last line counted in the window. */
  ofWindow(start: number, part: number, first: string, last: string): string {
    return timedId(start, keyedHash(this.#secret, 'connections', start, part, first, last));
  }
}
