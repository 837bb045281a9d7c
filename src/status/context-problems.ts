import type { ContextStatus } from '../context/context.js';
import { type FoundProblem, withoutStop } from './found-problem.js';

/** Clowder cannot be asked about its resources. */
export function contextProblems({ obstacle }: ContextStatus): FoundProblem[] {
  if (obstacle === null) return [];
  return [
    {
      key: 'clowder',
      what: `Clowder does not say which dataset and space things belong to: ${withoutStop(obstacle.reason)}.`,
      since: obstacle.since,
      fix: 'No event waits for it; those of resources that nobody knows yet lack their dataset and space. Make sure that CLOWDER_URL leads to Clowder from here; the daemon keeps trying.',
    },
  ];
}
