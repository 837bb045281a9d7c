import type { Transaction } from './transaction.js';

export interface TrimUsageItemsArguments {
  /** Where the last stretch ended; empty = from the start. */
  readonly after: string;
  /** What was said later, epoch ms, stays: it may be about to count. */
  readonly before: number;
  /** Items that are looked at. */
  readonly limit: number;
}

/**
 * Deletes what is known of items that nobody counts any more, and has not been said again for long: of a file whose
 * dataset became known, say, or whose accesses were all left out. Spaces stay: others name them. Returns where the
 * stretch ends; undefined = at the end of all.
 */
function trimUsageItems(
  { database }: Transaction,
  { after, before, limit }: TrimUsageItemsArguments,
): string | undefined {
  const stretch = 'SELECT item FROM usage_items WHERE item > ? ORDER BY item LIMIT CAST(? AS INTEGER)';
  const items = database.rows<[string]>(stretch, after, limit);
  const last = items.at(-1)?.[0];
  if (last === undefined) return undefined;
  database.run(
    `DELETE FROM usage_items WHERE item > ? AND item <= ? AND at < ? AND facts ->> '$.type' IS NOT 'space'
       AND NOT EXISTS (SELECT 1 FROM usage_counts c WHERE c.item = usage_items.item)`,
    after,
    last,
    before,
  );
  return items.length < limit ? undefined : last;
}

export const usageItemWrites = { trimUsageItems };
