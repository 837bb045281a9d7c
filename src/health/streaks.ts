import { z } from 'zod';
import type { Finding } from './result.js';

const streak = z.object({ count: z.number(), /** First run of it, epoch ms. */ since: z.number() });

/** Runs in a row, by what they have in common. A run belongs to several of them. */
export const streaksShape = z.object({
  /** Runs of any kind. */
  any: streak,
  notUp: streak,
  down: streak,
  notDown: streak,
  up: streak,
});

export type Streaks = z.output<typeof streaksShape>;
type Streak = Streaks['any'];

const none: Streak = { count: 0, since: 0 };
export const noStreaks: Streaks = { any: none, notUp: none, down: none, notDown: none, up: none };

/** With one run more. */
export function followedBy(streaks: Streaks, finding: Finding, at: number): Streaks {
  const next = (before: Streak, goesOn: boolean): Streak => {
    if (!goesOn) return none;
    return before.count === 0 ? { count: 1, since: at } : { ...before, count: before.count + 1 };
  };
  return {
    any: next(streaks.any, true),
    notUp: next(streaks.notUp, finding !== 'up'),
    down: next(streaks.down, finding === 'down'),
    notDown: next(streaks.notDown, finding !== 'down'),
    up: next(streaks.up, finding === 'up'),
  };
}

/** The streaks of runs that all found the same. */
export function streaksOf(finding: Finding, count: number, since: number): Streaks {
  const same = { count, since };
  return {
    any: same,
    notUp: finding === 'up' ? none : same,
    down: finding === 'down' ? same : none,
    notDown: finding === 'down' ? none : same,
    up: finding === 'up' ? same : none,
  };
}

export interface Threshold {
  /** Runs in a row before the state gets worse, and before the first state. */
  readonly down: number;
  /** Runs in a row before it gets better. */
  readonly up: number;
}

/**
 * The state that follows, and since when; undefined when it stays as it is.
 *
 * - It gets worse once `threshold.down` runs in a row were worse than it, and becomes the mildest of what they found:
 *   `down` when all of them were down, `degraded` when some were only that. So `down` and `degraded` in turn are
 *   `degraded`.
 * - It gets better once `threshold.up` runs in a row were better than it, and becomes the worst of what they found.
 * - The first state is the mildest of what the first `threshold.down` runs found.
 */
export function stateAfter(
  observed: Finding | 'unknown',
  { any, notUp, down, notDown, up }: Streaks,
  threshold: Threshold,
): { readonly state: Finding; readonly since: number } | undefined {
  const isGood = observed === 'up' || observed === 'unknown';
  if (observed !== 'down' && down.count >= threshold.down) return { state: 'down', since: down.since };
  if (isGood && notUp.count >= threshold.down) return { state: 'degraded', since: notUp.since };
  if (observed === 'unknown') return any.count >= threshold.down ? { state: 'up', since: any.since } : undefined;
  if (observed !== 'up' && up.count >= threshold.up) return { state: 'up', since: up.since };
  if (observed === 'down' && notDown.count >= threshold.up) return { state: 'degraded', since: notDown.since };
  return undefined;
}
