import { connectAttemptMs } from '../../connect-attempts.js';
import type { SamplingLimits } from '../sample.js';
import type { ProbeTools } from './probe.js';

/** How a probe connects. Of several addresses, one that does not answer leaves the next at least half the time. */
export function connectOptions({ timeoutMs }: SamplingLimits, { lookup }: ProbeTools) {
  return {
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.min(connectAttemptMs, Math.floor(timeoutMs / 2))),
    ...(lookup === undefined ? {} : { lookup }),
  };
}
