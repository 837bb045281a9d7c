import type { ProbeTools } from '../../health/probes/probe.js';
import { judge } from '../../health/result.js';
import { runOf } from '../../health/run.js';
import type { Target } from '../../health/target.js';
import { redact } from '../../redact.js';
import { type Attempt, NotTried } from './attempt.js';

/** A target may have minutes for an answer; whoever checks waits less, ms. */
const maxTimeoutMs = 10_000;

/** One sample of a target, taken as the daemon takes it. */
export function healthTarget(
  target: Target,
  broker: ProbeTools['broker'] | undefined,
  { clock, outgoing }: Pick<ProbeTools, 'clock' | 'outgoing'>,
): Attempt {
  const setting = 'HEALTH_TARGETS';
  const once: Target = { ...target, samples: 1, timeoutMs: Math.min(target.timeoutMs, maxTimeoutMs) };
  return {
    dependency: 'health target',
    tried: `${target.name}, ${target.address}`,
    setting,
    fix: `correct its address in ${setting}, or start the service: the daemon would report it as down`,
    run: async signal => {
      if (target.probe.kind === 'heartbeat') throw new NotTried('only the daemon hears its heartbeats');
      if (broker === undefined && target.probe.kind === 'queue')
        throw new NotTried('only the daemon sees the queues of its embedded broker');
      const tools = {
        broker: broker ?? { kind: 'embedded', inspect: async () => undefined },
        clock,
        outgoing,
        heartbeats: { judge: () => undefined },
      } as const;
      const { finding, reason = '' } = judge(await runOf(once, tools)(signal), target);
      const said = redact(reason, target.secrets);
      if (finding === 'down') throw new Error(`target "${target.name}" is down: ${said}`);
      return finding === 'up' ? 'up' : `degraded: ${said}`;
    },
  };
}
