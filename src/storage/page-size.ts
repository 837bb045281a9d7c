/**
 * The number of rows from the start that fit into a limit of bytes, at least one: a page of a thousand large bodies
 * becomes a shorter page instead of a gigabyte.
 */
export function fitting(sizes: readonly number[], bytes: number): number {
  let sum = 0;
  for (const [index, size] of sizes.entries()) {
    sum += size;
    if (sum > bytes) return Math.max(index, 1);
  }
  return sizes.length;
}

/** A page of a listing carries at most this much. */
export const pageBytes = 8 * 1024 * 1024;
