import { keyedHash, timedId } from '../../events/identity.js';

/**
 * Where a line is: `file` is the hash of its file's first whole line, `offset` counts unpacked
 * bytes. Neither path nor inode enters.
 */
export interface LinePlace {
  readonly file: string;
  readonly offset: number;
}

/**
 * Ids of what is made from a log: the same line at the same place of the same file is the same event, whenever
 * and under whatever name it is read.
 */
export class LogIds {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * `time`: epoch ms. `line`: the line's own bytes as latin1. What a line is a view, a download or a call of goes
   * without saying; what it stored or deleted is an event of its own beside that.
   */
  ofLine(time: number, { file, offset }: LinePlace, line: string, category: string): string {
    const kind = category === 'upload' || category === 'delete' ? category : 'line';
    return timedId(Math.floor(time), keyedHash(this.#secret, kind, file, offset, line));
  }

  /** `start`: epoch ms. `places`: of the first and the last line counted in the window. */
  ofWindow(start: number, part: number, first: string, last: string): string {
    return timedId(start, keyedHash(this.#secret, 'connections', start, part, first, last));
  }
}
