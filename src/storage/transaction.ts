import type { Database } from './database.js';
import type { Room } from './disk-space.js';
import type { Tally } from './ledger-delta.js';

/** What a write operation works with, from BEGIN to COMMIT. */
export interface Transaction {
  readonly database: Database;
  /** Counters of the ledger, written once before the commit. */
  readonly tally: Tally;
  readonly room: Pick<Room, 'require'>;
  /** Epoch ms. */
  readonly now: number;
}
