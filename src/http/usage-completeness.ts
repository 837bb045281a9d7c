import { z } from 'koa-swagger-decorator';
import { type CompleteMonth, gapReasons, isComplete as hasAll } from '../usage/completeness.js';
import { type Answer, count, epochMs } from './schemas.js';

/** Where a month has more gaps, the first ones are listed; the hours of all are counted. */
const maxGaps = 100;

const reasons = Object.keys(gapReasons) as [string, ...string[]];

const Gap = z
  .object({
    from: epochMs.openapi({ description: 'Beginning of its first hour.' }),
    to: epochMs.openapi({ description: 'End of its last hour.' }),
    reason: z.enum(reasons),
    means: z.string().openapi({ description: 'The reason in words.' }),
    seconds: count.openapi({
      description: 'For how long nothing was heard within these hours; 0 = for a moment, or not known.',
    }),
    missing: count.openapi({
      description: 'How many lines, files or events are known to be missing; 0 = not known.',
    }),
  })
  .openapi('UsageGap');

export const Completeness = z
  .object({
    complete: z.boolean().openapi({ description: 'Nothing is known to be missing.' }),
    missing_hours: count.openapi({
      description: 'Hours in which the source may not have been heard, whole or in part.',
    }),
    gaps: z.array(Gap).openapi({ description: `These hours, the first ${maxGaps} stretches of them.` }),
    waiting: count.openapi({ description: 'Events that wait for the sink; nobody knows yet for which month.' }),
    dead: count.openapi({ description: 'Dead letters of the sink, of this month or of an unknown one.' }),
    late: count.openapi({ description: 'Accesses that came after the month was closed.' }),
  })
  .openapi('UsageCompleteness');

/** The same in brief, for web pages. */
export const isComplete = {
  complete: z.boolean().openapi({ description: 'Nothing is known to be missing.' }),
  missing_hours: count.openapi({ description: 'Hours in which something may have been missed.' }),
};

export function completenessAnswer(month: CompleteMonth): Answer<typeof Completeness> {
  return {
    ...isCompleteAnswer(month),
    gaps: month.gaps.slice(0, maxGaps).map(({ from, to, reason, ms, count: missing }) => ({
      ...{ from, to, reason, means: gapReasons[reason], seconds: Math.round(ms / 1000), missing },
    })),
    ...{ waiting: month.waiting, dead: month.dead, late: month.late },
  };
}

export function isCompleteAnswer(month: CompleteMonth | undefined): { complete: boolean; missing_hours: number } {
  return month === undefined
    ? { complete: true, missing_hours: 0 }
    : { complete: hasAll(month), missing_hours: month.missingHours };
}
