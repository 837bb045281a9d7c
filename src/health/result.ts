import { describe } from '../errors.js';
import type { Outcome, Readings } from './sample.js';

/** What one run found. `degraded` works, but not well: it counts as healthy. */
export type Finding = 'up' | 'degraded' | 'down';

export function isFinding(state: string): state is Finding {
  return state === 'up' || state === 'degraded' || state === 'down';
}

/** What a run may be and still be good. */
export interface Limits {
  /** A mean response time above this is degraded, ms. */
  readonly slowMs: number | undefined;
  /** Lost samples from which on the target is down, percent; fewer are degraded. */
  readonly lossPercent: number;
}

export interface Result {
  /** `unknown`: the run says nothing about the target. */
  readonly finding: Finding | 'unknown';
  /** Why it is not `up`, in words. */
  readonly reason: string | undefined;
  readonly times: Outcome['times'];
  /** Percent. */
  readonly loss: number;
  readonly readings: Readings;
  /** The service that is down or being worked on, and because of which nothing can be known of this one. */
  readonly causedBy?: string | undefined;
  /** An event said so of that one. */
  readonly causeAnnounced?: boolean;
  /** That one is being worked on. */
  readonly causeMaintained?: boolean;
  /** It was good, and only waits until that one is known to be up. */
  readonly waits?: boolean;
}

/**
 * Samples that were not taken because of something here count neither way.
 *
 * - unknown: no sample was taken.
 * - down: as large a share of the samples failed as the target's `loss` says (99 % by default), or all of them.
 * - degraded: some failed, they took longer on average than the target's `slow`, or the probe has a warning.
 * - up: otherwise.
 */
export function judge({ sent, good, unknown = 0, times, readings, reason, warning }: Outcome, limits: Limits): Result {
  const counted = sent - unknown;
  const loss = counted === 0 ? 100 : Math.round(((counted - good) / counted) * 10_000) / 100;
  const common = { times, loss, readings };
  if (unknown > 0 && counted === 0) return { ...common, finding: 'unknown', reason };
  if (good === 0 || loss >= limits.lossPercent)
    return { ...common, finding: 'down', reason: reason ?? 'no sample was taken' };
  if (loss > 0) {
    const share = `${counted - good} of ${counted} samples failed`;
    return {
      ...common,
      finding: 'degraded',
      reason: counted === 1 || reason === undefined ? share : `${share}: ${reason}`,
    };
  }
  const { slowMs } = limits;
  if (slowMs !== undefined && times !== undefined && times.average * 1000 > slowMs) {
    const took = Math.round(times.average * 1000) / 1000;
    return { ...common, finding: 'degraded', reason: `slow: answered in ${took} s, more than ${slowMs / 1000} s` };
  }
  if (warning !== undefined) return { ...common, finding: 'degraded', reason: warning };
  return { ...common, finding: 'up', reason: undefined };
}

/** What a run comes to that threw: a defect of ours, which says nothing about the target. */
export function failedRun(error: unknown): Result {
  const reason = `not checked: ${describe(error)}`;
  return { finding: 'unknown', reason, times: undefined, loss: 100, readings: {} };
}
