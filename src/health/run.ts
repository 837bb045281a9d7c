import type { ProbeTools } from './probes/probe.js';
import type { Run } from './sample.js';
import type { Target } from './target.js';

/** How a target is checked: by its probe. */
export function runOf({ probe, check, samples, timeoutMs, slowMs }: Target, tools: ProbeTools): Run {
  return probe.run(check, { samples, timeoutMs, timed: slowMs !== undefined }, tools);
}
