import { statfsSync, statSync } from 'node:fs';
import { FullError } from '../errors.js';
import { databaseFile } from './files.js';

/** Kept free for settling what is already there. */
export const reserveBytes = 16 * 1024 * 1024;

/**
 * Free space on the disk under DATA_DIR. What would fill it (events coming in, the outbox) is refused a little before the end,
 * because settling needs space too: a disk that is full to the last byte could not even be emptied.
 * Measured once a transaction.
 */
export class DiskSpace {
  readonly #dir: string;
  #low: boolean | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Before each transaction. */
  forget(): void {
    this.#low = undefined;
  }

  /** Less is left than 16 MiB (a twentieth of a small disk), with what the write-ahead log will take when it moves into the file. */
  get low(): boolean {
    this.#low ??= this.#measure();
    return this.#low;
  }

  /** Bytes of the write-ahead log, which is there as long as the database is open. @throws when the files were deleted */
  get logBytes(): number {
    const log = statSync(`${databaseFile(this.#dir)}-wal`, { throwIfNoEntry: false });
    if (log === undefined) throw new Error('the files in DATA_DIR were deleted under the running daemon');
    return log.size;
  }

  /** @throws FullError */
  require(): void {
    if (this.low) throw new FullError('the disk under DATA_DIR is full');
  }

  #measure(): boolean {
    const log = this.logBytes;
    const { bavail, bsize, blocks } = statfsSync(this.#dir);
    return bavail * bsize < Math.min(reserveBytes, (blocks * bsize) / 20) + log;
  }
}
