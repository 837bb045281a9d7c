import type { Value } from './database.js';
import type { Transaction } from './transaction.js';

/** How long an id that a client gave is remembered, ms. */
const keptMs = 86_400_000;
/** The newest of them that are remembered, however many come in a day. */
const maxKept = 1_000_000;

/** By column, as messages are. */
export interface GivenIdColumns {
  readonly ids: readonly string[];
  /** Hash of each item's text as it was sent. */
  readonly hashes: readonly string[];
  /** The `created` that was added to it, epoch ms; null where it has its own. */
  readonly stamps: readonly (number | null)[];
}

export type GivenIdRow = [id: string, hash: string, stamp: number | null];

/** What is remembered of these ids. */
function findGivenIds({ database, believed }: Transaction, { ids }: { readonly ids: readonly string[] }): GivenIdRow[] {
  return database.rows<GivenIdRow>(
    'SELECT id, hash, stamp FROM given_ids WHERE id IN (SELECT value FROM json_each(?)) AND at > ?',
    JSON.stringify(ids),
    believed - keptMs,
  );
}

/**
 * What is remembered of these ids; those that are not are kept. Nothing is kept when one of them has another hash: then
 * nothing of the request is accepted.
 */
function claimGivenIds(transaction: Transaction, claimed: GivenIdColumns): GivenIdRow[] {
  const known = findGivenIds(transaction, claimed);
  const hashes = new Map(known.map(([id, hash]) => [id, hash]));
  const fresh = [...claimed.ids.keys()].filter(index => !hashes.has(claimed.ids[index]!));
  const same = claimed.ids.every((id, index) => (hashes.get(id) ?? claimed.hashes[index]) === claimed.hashes[index]);
  if (same && fresh.length > 0) {
    const pick = <T>(column: readonly T[]): T[] => fresh.map(index => column[index]!);
    keepGivenIds(transaction, {
      ids: pick(claimed.ids),
      hashes: pick(claimed.hashes),
      stamps: pick(claimed.stamps),
    });
  }
  return known;
}

/** New ones, or ones whose time is over. */
export function keepGivenIds({ database, believed }: Transaction, { ids, hashes, stamps }: GivenIdColumns): void {
  const values: Value[] = [];
  for (const [index, id] of ids.entries()) values.push(id, hashes[index]!, stamps[index]!, believed);
  database.insert('INSERT OR REPLACE INTO given_ids (id, hash, stamp, at)', 4, values);
}

/** Forgets the oldest, while their time is over or there are too many. Returns how many it looked at and forgot. */
function trimGivenIds({ database, believed }: Transaction, { limit }: { readonly limit: number }): number {
  const newest = database.value<number | null>('SELECT max(n) FROM given_ids') ?? 0;
  const oldest = database.rows<[number, number]>(
    'SELECT n, at FROM given_ids ORDER BY n LIMIT CAST(? AS INTEGER)',
    limit,
  );
  let last = 0;
  let count = 0;
  for (const [n, at] of oldest) {
    if (at > believed - keptMs && n > newest - maxKept) break;
    last = n;
    count += 1;
  }
  if (count > 0) database.run('DELETE FROM given_ids WHERE n <= ?', last);
  return count;
}

export const givenIdWrites = { findGivenIds, claimGivenIds, trimGivenIds };
