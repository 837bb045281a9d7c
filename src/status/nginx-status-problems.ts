import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import { type FoundProblem, withoutStop } from './found-problem.js';

/** The problem of the actor that asks nginx for its own numbers. */
export function nginxStatusProblems({ path, state, since, lastError, detail }: ActorStatus): FoundProblem[] {
  if (path !== actorPaths.nginxStatus || state !== 'holding' || lastError === undefined) return [];
  const what = `nginx does not say how many connections are open (${String(detail.url)}): ${withoutStop(lastError.message)}.`;
  const fix =
    'No event waits for it; what nginx counts meanwhile is in the next window. Let NGINX_STATUS_URL lead to a location with stub_status that allows this machine; the daemon keeps asking.';
  return [{ key: path, what, since, fix }];
}
