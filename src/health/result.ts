import type { Outcome, Readings } from './sample.js';

/** What one run found. `degraded` works, but not well: it counts as healthy. */
export type Finding = 'up' | 'degraded' | 'down';

/** What a run may be and still be good. */
export interface Limits {
  /** A mean response time above this is degraded, ms. */
  readonly slowMs: number | undefined;
  /** Lost samples from which on the target is down, percent; fewer are degraded. */
  readonly lossPercent: number;
}

export interface Result {
  readonly finding: Finding;
  /** Why it is not `up`, in words. */
  readonly reason: string | undefined;
  readonly times: Outcome['times'];
  /** Percent. */
  readonly loss: number;
  readonly readings: Readings;
}

/**
 * - down: as large a share of the samples failed as the target's `loss` says (99 % by default), or all of them.
 * - degraded: some failed, or they took longer on average than the target's `slow`.
 * - up: otherwise.
 */
export function judge({ sent, good, times, readings, reason }: Outcome, limits: Limits): Result {
  const loss = sent === 0 ? 100 : Math.round(((sent - good) / sent) * 10_000) / 100;
  const common = { times, loss, readings };
  if (good === 0 || loss >= limits.lossPercent)
    return { ...common, finding: 'down', reason: reason ?? 'no sample was taken' };
  if (loss > 0) {
    const share = `${sent - good} of ${sent} samples failed`;
    return {
      ...common,
      finding: 'degraded',
      reason: sent === 1 || reason === undefined ? share : `${share}: ${reason}`,
    };
  }
  const { slowMs } = limits;
  if (slowMs !== undefined && times !== undefined && times.average * 1000 > slowMs) {
    const took = Math.round(times.average * 1000) / 1000;
    return { ...common, finding: 'degraded', reason: `slow: answered in ${took} s, more than ${slowMs / 1000} s` };
  }
  return { ...common, finding: 'up', reason: undefined };
}
