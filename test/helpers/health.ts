import { systemClock } from '../../src/clock.js';
import type { ProbeTools } from '../../src/health/probes/probe.js';
import { judge, type Result } from '../../src/health/result.js';
import { runOf } from '../../src/health/run.js';
import type { Target } from '../../src/health/target.js';
import { parseTargets } from '../../src/health/targets.js';
import { straight } from './outgoing.js';

/** One target from what stands in HEALTH_TARGETS. @throws with what is wrong about it */
export function targetOf(written: unknown, defaults = { intervalMs: 60_000, timeoutMs: 5_000 }): Target {
  const { targets, problems } = parsed([written], defaults);
  const [target] = targets;
  if (target === undefined || problems.length > 0) throw new Error(problems.join('\n'));
  return target;
}

/** Targets and the problems found with them. */
export function parsed(written: readonly unknown[], defaults = { intervalMs: 60_000, timeoutMs: 10_000 }) {
  const problems: string[] = [];
  const targets = parseTargets(written, defaults, { add: (name, message) => problems.push(`${name}: ${message}`) });
  return { targets, problems };
}

const noTools: ProbeTools = {
  broker: { kind: 'rabbitmq', inspect: async () => undefined },
  clock: systemClock,
  outgoing: straight,
  heartbeats: { judge: () => undefined },
};

/** One run, as the actor makes it. */
export async function runOnce(written: unknown, tools: Partial<ProbeTools> = {}): Promise<Result> {
  const target = targetOf(written);
  const run = runOf(target, { ...noTools, ...tools });
  return judge(await run(new AbortController().signal), target);
}
