import type { Seen } from '../availability/recorder.js';
import { redact } from '../redact.js';
import type { Target } from './target.js';
import type { Finished, Observed } from './target-monitor.js';

/**
 * What a run says of the availability of its target.
 * @param previous end of the run before it, epoch ms
 */
export function seenOf(
  { intervalMs, secrets }: Target,
  { at, ended, result: { reason, times } }: Finished,
  previous: number | null,
  { state, since, interrupted, window }: Observed,
): Seen {
  return {
    ...{ at, ended, previous, interrupted, state, since, window, intervalMs },
    reason: reason === undefined ? undefined : redact(reason, secrets),
    responseMs: times === undefined ? undefined : times.average * 1000,
  };
}
