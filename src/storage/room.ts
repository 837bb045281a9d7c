import { statfsSync } from 'node:fs';
import { FullError } from '../errors.js';

/** At most this much is kept free for settling what is already there. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/**
 * Free space on the disk under DATA_DIR. What would fill it (events coming in, the outbox) is refused a little before the end,
 * because settling needs space too: a disk that is full to the last byte could not even be emptied.
 * Measured once a transaction.
 */
export class Room {
  readonly #dir: string;
  #low: boolean | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Before each transaction. */
  forget(): void {
    this.#low = undefined;
  }

  /** Less than 16 MiB, or than a twentieth of a small disk, is left. */
  get low(): boolean {
    this.#low ??= isLow(this.#dir);
    return this.#low;
  }

  /** @throws FullError */
  require(): void {
    if (this.low) throw new FullError('the disk under DATA_DIR is full');
  }
}

function isLow(dir: string): boolean {
  const { bavail, bsize, blocks } = statfsSync(dir);
  return bavail * bsize < Math.min(RESERVE_BYTES, (blocks * bsize) / 20);
}
