import { type Item, isBad } from './item.js';

/** Times of events, epoch ms: from `since` on, before `until`. */
export interface TimeRange {
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** What has no time that can be read is the daemon's to refuse. */
export function isWithin({ since, until }: TimeRange, item: Item): boolean {
  if (isBad(item) || item.created === undefined) return true;
  return item.created >= (since ?? Number.NEGATIVE_INFINITY) && item.created < (until ?? Number.POSITIVE_INFINITY);
}
