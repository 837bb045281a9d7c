import type { Result } from './result.js';
import type { SavedState } from './saved-state.js';

/** Runs in a row that said nothing about the target, with one more. Maintenance may begin after that was announced. */
export function unknownAfter(before: SavedState['unknown'], { causedBy, causeMaintained = false }: Result, at: number) {
  const announced = before?.announced ?? false;
  return {
    since: before?.since ?? at,
    runs: (before?.runs ?? 0) + 1,
    announced,
    causedBy: causedBy ?? null,
    excused: (before?.excused ?? false) || (announced && causeMaintained),
  };
}

/**
 * Whether it is time to say so: where another service is the reason, once that was announced of it; otherwise as soon
 * as a failure would be announced. Of a target that was never known there is no news. It is said once, and again where
 * the excuse is gone: a service is the reason that is not, or no longer, being worked on.
 */
export function isDecided(
  unknown: ReturnType<typeof unknownAfter>,
  { causedBy, causeAnnounced = false, causeMaintained = false, waits = false }: Result,
  { observed, announced }: Pick<SavedState, 'observed' | 'announced'>,
  threshold: number,
): boolean {
  const { runs, excused } = unknown;
  const isExcused = causedBy === undefined || causeMaintained || waits;
  if (announced === 'unknown' && unknown.announced && (!excused || isExcused)) return false;
  return causedBy === undefined ? observed !== 'unknown' && runs >= threshold : causeAnnounced;
}

/** It was announced that nothing can be known of the target because of another service. */
export function isHidden({ unknown }: Pick<SavedState, 'unknown'>): boolean {
  return unknown?.announced === true && unknown.causedBy !== null;
}
