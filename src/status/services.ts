import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import type { ServiceState } from './report.js';

const states = ['unknown', 'up', 'degraded', 'down', 'maintenance'] as const satisfies readonly ServiceState['state'][];

/** The watched services, from what the actors of their targets report; in order of name. */
export function servicesOf(actors: readonly ActorStatus[]): ServiceState[] {
  return actors
    .filter(({ path }) => path.startsWith(actorPaths.health))
    .map(({ path, detail }) => ({
      service_name: typeof detail.service === 'string' ? detail.service : path.slice(actorPaths.health.length),
      target: typeof detail.target === 'string' ? detail.target : '',
      state: states.find(state => state === detail.status) ?? 'unknown',
      since: numberOr(detail.status_since),
      checked: numberOr(detail.checked),
      reason: typeof detail.reason === 'string' ? detail.reason : null,
      response_time: numberOr(detail.response_time),
      uptime: numberOr(detail.uptime),
    }));
}

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null);
