import { z } from 'koa-swagger-decorator';
import type { Figure, OutageCost } from '../../availability/cost.js';
import { inTenths } from '../../availability/cost-fields.js';
import { type Answer, count, epochMs } from '../schemas.js';

const amount = z.number().nonnegative();

const figure = {
  counted: amount,
  expected: amount.nullable().openapi({ description: 'The mean of the weeks; null without enough history.' }),
  min: amount.nullable().openapi({ description: 'The least of them.' }),
  max: amount.nullable().openapi({ description: 'The most of them.' }),
};

const CostFigure = z.object(figure).openapi('OutageCostFigure');

export const costDescription =
  'What came in meanwhile by the NGINX logs, beside what the same hours of the four weeks before had. Null where the logs do not say.';

export const costAnswer = z
  .object({
    from: epochMs,
    until: epochMs.openapi({ description: 'How far the logs are counted; at most the end of the outage.' }),
    requests: CostFigure,
    visitors: z.object(figure).openapi('OutageCostVisitors').nullable().openapi({
      description: 'In a window of the log, on average. Null where windows are of several lengths.',
    }),
    downloads: CostFigure,
    failed_uploads: CostFigure,
    weeks: count.openapi({ description: 'How many weeks are compared; fewer than two are not enough.' }),
    left_out: z.array(
      z
        .object({
          from: epochMs.openapi({ description: 'When the same hours of that week began.' }),
          reason: z.enum(['down', 'maintenance', 'unknown', 'no_log']),
        })
        .openapi('OutageCostLeftOut'),
    ),
  })
  .openapi('OutageCost');

export function answerOfCost(cost: OutageCost): Answer<typeof costAnswer> {
  const { from, until, requests, visitors, downloads, failedUploads, weeks, leftOut } = cost;
  return {
    ...{ from, until },
    requests: figureAnswer(requests),
    visitors: visitors === undefined ? null : figureAnswer(visitors),
    downloads: figureAnswer(downloads),
    failed_uploads: figureAnswer(failedUploads),
    weeks,
    left_out: leftOut.map(({ from: begin, reason }) => ({ from: begin, reason })),
  };
}

function figureAnswer({ counted, expected }: Figure) {
  const rounded = (value: number | undefined): number | null => (value === undefined ? null : inTenths(value));
  return {
    counted: inTenths(counted),
    expected: rounded(expected?.mean),
    min: rounded(expected?.min),
    max: rounded(expected?.max),
  };
}
