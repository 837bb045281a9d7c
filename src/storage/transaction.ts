import type { Database } from './database.js';
import type { DiskSpace } from './disk-space.js';
import type { LedgerDelta } from './ledger-delta.js';
import type { Limits } from './limits.js';

/** What a write operation works with, from BEGIN to COMMIT. */
export interface Transaction {
  readonly database: Database;
  /** Counters of the ledger, written once before the commit. */
  readonly delta: LedgerDelta;
  readonly diskSpace: Pick<DiskSpace, 'require'>;
  readonly limits: Limits;
  /** Epoch ms. */
  readonly now: number;
  /** To judge by what is over, epoch ms: a jump of the clock ahead does not count at once. */
  readonly believed: number;
}
