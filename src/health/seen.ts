import type { Seen } from '../availability/recorder.js';
import { redact } from '../redact.js';
import type { Finished, Observed } from './observed.js';
import type { Target } from './target.js';

/**
 * What a run says of the availability of its target; undefined where it says nothing, and that is no news yet.
 * @param previous end of the run before it, epoch ms
 */
export function seenOf(
  { intervalMs, secrets }: Target,
  { at, ended, result: { finding, reason, times } }: Finished,
  previous: number | null,
  { state, since, interrupted, window }: Observed,
): Seen | undefined {
  if (finding === 'unknown' && state !== 'unknown') return undefined;
  return {
    ...{ at, ended, previous, interrupted, state, since, window, intervalMs },
    reason: reason === undefined ? undefined : redact(reason, secrets),
    responseMs: times === undefined ? undefined : times.average * 1000,
  };
}
