import type { BatchLimits } from '../broker/broker.js';
import type { Item } from './batch.js';
import type { Concurrency } from './concurrency.js';
import type { Pace } from './pace.js';
import type { Round } from './round.js';

/** How much a destination is given: events in a write, and writes at once. */
export interface Load {
  readonly pace: Pace;
  readonly concurrency: Concurrency;
  readonly limits: BatchLimits;
}

/*
 * A round is one observation, however many writes it had. What goes wrong is put down to the number of its writes where
 * there were several, and to the size of the one write otherwise. What goes well makes writes larger, up to a limit,
 * and then more of them: only rounds of full writes, which can be compared, say anything about their number.
 */

/** Every write of a round succeeded. `ahead`: what is fetched and waits. */
export function answered(round: Round, { pace, concurrency, limits }: Load, ahead: Round['segments']): void {
  const isSlow = pace.isSlow(round.slowestMs);
  if (isSlow && round.width > 1) return concurrency.slow(round.width);
  pace.written(round.largest, round.slowestMs);
  const isFull = pace.isAtLimit && round.segments.every(segment => fills(segment, limits));
  if (isFull && !isSlow && !round.isTrial) concurrency.answered(round.times, isDeep(ahead, concurrency.now, limits));
}

/** The destination could not take one of its writes now. */
export function refused({ width, largest }: Round, { pace, concurrency }: Load): void {
  concurrency.failed(width);
  if (width === 1) pace.failed(largest);
}

/** Whether as much was fetched ahead as this many writes take. */
export function isDeep(ahead: Round['segments'], writes: number, limits: BatchLimits): boolean {
  return ahead.length >= writes && ahead.every(items => fills(items, limits));
}

/** They are at least half of what a write may take. */
function fills(items: readonly Item[], { count, bytes }: BatchLimits): boolean {
  if (items.length * 2 >= count) return true;
  return items.reduce((sum, { delivery }) => sum + delivery.body.length, 0) * 2 >= bytes;
}
