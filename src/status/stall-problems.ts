import type { StallSummary } from '../event-loop/stalls.js';
import type { FoundProblem } from './found-problem.js';

/** A stall that is over stays a problem for this long, ms: nobody looks while everything stands. */
const shownMs = 600_000;

export function stallProblems(stalls: StallSummary | undefined, now: number): FoundProblem[] {
  const last = stalls?.last;
  if (stalls === undefined || last === undefined || now - last.at >= shownMs) return [];
  const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
  const often =
    stalls.count === 1
      ? ''
      : ` It happened ${stalls.count} times since the start, for ${seconds(stalls.longestMs)} at most.`;
  return [
    {
      key: 'event-loop',
      what: `The whole daemon stood still for ${seconds(last.ms)}; at work: ${last.works}.${often}`,
      since: last.at - last.ms,
      fix: 'Nothing is lost. The event behind it, if it is one, is set aside once it has done so three times. The log says where the daemon stood (event-loop.stands): please report it.',
    },
  ];
}
