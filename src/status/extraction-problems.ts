import { actorPaths } from './actor-paths.js';
import type { ActorStatus } from './board.js';
import { type FoundProblem, plural, withoutStop } from './found-problem.js';

/** The problems of the actor that follows extractions. */
export function extractionProblems({ path, state, since, lastError, detail }: ActorStatus): FoundProblem[] {
  if (path !== actorPaths.extractions) return [];
  const problems: FoundProblem[] = [];
  if (state === 'holding' && lastError !== undefined) {
    const what = `Extractions are not followed: ${withoutStop(lastError.message)}.`;
    const fix =
      detail.command === undefined
        ? 'What RabbitMQ copies meanwhile waits there, for a day at most. The daemon tries again by itself.'
        : `What passes meanwhile is not counted. On the server of RabbitMQ: ${detail.command}. The daemon notices by itself. See docs/extractions.md.`;
    problems.push({ key: path, what, since, fix });
  }
  const stuck = Number(detail.stuck ?? 0);
  if (stuck > 0)
    problems.push({
      key: `${path} stuck`,
      what: `Nothing has been heard of ${plural(stuck, 'extraction')} for too long: the oldest is job ${detail.stuck_job} of ${detail.stuck_extractor}.`,
      since: undefined,
      fix: 'See whether the extractor runs, and its log: rabbitmqctl list_queues name messages consumers. The entry disappears once they end, or after a week.',
    });
  return problems;
}
