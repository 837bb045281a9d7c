import { statfsSync, statSync } from 'node:fs';
import { FullError } from '../errors.js';
import { databaseFile } from './files.js';

/** Kept free for settling what is already there. */
export const reserveBytes = 16 * 1024 * 1024;

/**
 * Free space on the disk under DATA_DIR. What would fill it (events coming in, the outbox) is refused a little before
 * the end, because settling needs space too: a disk that is full to the last byte could not even be emptied.
 * Measured once a transaction.
 */
export class DiskSpace {
  readonly #dir: string;
  #measured: { readonly free: number; readonly reserve: number; readonly log: number } | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Before each transaction. */
  forget(): void {
    this.#measured = undefined;
  }

  /**
   * Less is left than 16 MiB (a twentieth of a small disk), with what the write-ahead log
   * will take when it moves into the file.
   */
  get low(): boolean {
    const { free, reserve, log } = this.#measure();
    return free < reserve + log;
  }

  /**
   * Once more of what the log holds, and it could not move into the file any more: then nothing would ever be free
   * again.
   */
  get tight(): boolean {
    const { free, reserve, log } = this.#measure();
    return log > 0 && free < reserve + 2 * log;
  }

  /** @throws FullError */
  require(): void {
    if (this.low) throw new FullError('the disk under DATA_DIR is full');
  }

  /** Bytes. @throws when the files were deleted */
  #measure(): { readonly free: number; readonly reserve: number; readonly log: number } {
    if (this.#measured === undefined) {
      // It is there as long as the database is open.
      const log = statSync(`${databaseFile(this.#dir)}-wal`, { throwIfNoEntry: false })?.size;
      if (log === undefined) throw new Error('the files in DATA_DIR were deleted under the running daemon');
      const { bavail, bsize, blocks } = statfsSync(this.#dir);
      this.#measured = { free: bavail * bsize, reserve: Math.min(reserveBytes, (blocks * bsize) / 20), log };
    }
    return this.#measured;
  }
}
