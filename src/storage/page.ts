/**
 * How many rows from the start fit into a limit of bytes, at least one: so that a page of a thousand large bodies
 * is a shorter page and not a gigabyte.
 */
export function fitting(sizes: readonly number[], bytes: number): number {
  let sum = 0;
  for (const [index, size] of sizes.entries()) {
    sum += size;
    if (sum > bytes) return Math.max(index, 1);
  }
  return sizes.length;
}

/** What a page of a listing carries at most. */
export const PAGE_BYTES = 8 * 1024 * 1024;
