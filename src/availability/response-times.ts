/** A bucket is this much wider than the one below it: what is said of a response time is right within 2.5 %. */
const growth = 1.05;
const step = Math.log(growth);
/** What is faster counts as this, ms. */
const fastestMs = 0.1;

export type Buckets = readonly (readonly [bucket: number, count: number])[];

/** Which bucket a response time falls into; from 0 on. */
export function bucketOf(ms: number): number {
  return ms <= fastestMs ? 0 : Math.ceil(Math.log(ms / fastestMs) / step);
}

/** The middle of a bucket, ms. */
export function middleOf(bucket: number): number {
  return fastestMs * growth ** (bucket - 0.5);
}

/** Several days as one. */
export function merged(days: readonly Buckets[]): Buckets {
  const sums = new Map<number, number>();
  for (const [bucket, count] of days.flat()) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  return [...sums].sort(([a], [b]) => a - b);
}

/**
 * The time, ms, that a share of the runs did not exceed (nearest rank); undefined without runs.
 * @param share above 0, at most 1
 */
export function percentile(buckets: Buckets, share: number): number | undefined {
  const wanted = Math.ceil(share * buckets.reduce((sum, [, count]) => sum + count, 0));
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= wanted) return middleOf(bucket);
  }
  return undefined;
}
