import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import type { ServiceState } from './report.js';

const states = ['unknown', 'up', 'degraded', 'down', 'maintenance'] as const satisfies readonly ServiceState['state'][];

/**
 * How often a service is checked now, ms: one of the settings, or one that made itself.
 * @param defaultMs of those that made themselves
 */
export function checkedEvery(
  targets: readonly { readonly name: string; readonly intervalMs: number }[],
  defaultMs: number,
  actors: () => readonly ActorStatus[],
): { get(name: string): number | undefined } {
  const intervals = new Map(targets.map(({ name, intervalMs }) => [name, intervalMs]));
  const isWatched = ({ path, detail }: ActorStatus, name: string): boolean =>
    path.startsWith(actorPaths.health) && detail.service === name;
  return {
    get: name => intervals.get(name) ?? (actors().some(actor => isWatched(actor, name)) ? defaultMs : undefined),
  };
}

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
