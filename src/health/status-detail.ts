import { redact } from '../redact.js';
import type { Result } from './result.js';
import type { Target } from './target.js';
import type { TargetMonitor } from './target-monitor.js';

/** A target as the status shows it, with its last result. */
export function targetDetail(
  { name, address, secrets, probe }: Target,
  { uptime, status, since, saved }: TargetMonitor,
  last: Result | undefined,
) {
  const { lastRun, unknown } = saved;
  const isExcused = (probe.awaits === true && lastRun === null) || unknown?.excused === true;
  return {
    service: name,
    target: address,
    status,
    // No reason for an alarm: what it waits for has not come yet, or what it needs is being worked on.
    ...(status === 'unknown' && isExcused ? { excused: true } : {}),
    ...(last === undefined ? {} : statusDetail(last, secrets)),
    ...(since === undefined ? {} : { status_since: since }),
    ...(lastRun === null ? {} : { checked: lastRun }),
    ...(uptime === undefined ? {} : { uptime }),
  };
}

/** A result as the status shows it. Times in seconds; `http_status`, because `status` there is that of the target. */
export function statusDetail({ finding, reason, times, loss, readings }: Result, secrets: readonly string[]) {
  const { status, ...others } = readings;
  return {
    found: finding,
    ...(reason === undefined ? {} : { reason: redact(reason, secrets) }),
    ...(times === undefined ? {} : { response_time: Math.round(times.average * 1e6) / 1e6 }),
    loss,
    ...(status === undefined ? {} : { http_status: status }),
    ...others,
  };
}
