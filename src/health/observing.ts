import { flappingAfter, notFlapping } from './flapping.js';
import type { Finding } from './result.js';
import type { SavedState } from './saved-state.js';
import { followedBy, stateAfter } from './streaks.js';
import type { Target } from './target.js';

/** What one run more comes to; `next` is undefined where what is observed stays as it is. */
export function observedAfter(
  { observed, streaks: before, flapping: flapped = notFlapping }: SavedState,
  target: Pick<Target, 'threshold' | 'flapping'>,
  finding: Finding,
  at: number,
) {
  const { threshold } = target;
  const streaks = followedBy(before, finding, at);
  const flapping = target.flapping
    ? flappingAfter(flapped, finding, at, Math.max(threshold.down, threshold.up))
    : notFlapping;
  if (flapping.since === null) return { streaks, flapping, next: stateAfter(observed, streaks, threshold) };
  const next = observed === 'degraded' ? undefined : ({ state: 'degraded', since: flapping.since } as const);
  return { streaks, flapping, next };
}
