import { routeConfig, z } from 'koa-swagger-decorator';
import { dayMs, dayOf, firstDayOf, monthOf, startOfDay, written } from '../../calendar.js';
import type { AloneAct, AuditCounts, AuditSide } from '../../storage/usage-audit.js';
import { matchWindowMs } from '../../storage/usage-matching.js';
import { usageSources } from '../../usage/access.js';
import { aloneMeans, auditTotals } from '../../usage/audit.js';
import type { ApiContext } from '../context.js';
import { daily } from '../daily.js';
import { HttpProblem } from '../problem.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs } from '../schemas.js';
import { inTurn, usageOf } from '../usage-request.js';

/** Days of one answer: a year, and what its first and last month have more. */
const maxDays = 400;

const AuditQuery = z
  .object({
    from: daily('first', 'First day or month, `2026-03-01`. The beginning of this month by default.'),
    to: daily('last', 'Last day or month. Today by default.'),
  })
  .strict();
type AuditQuery = z.output<typeof AuditQuery>;

const Side = z
  .object({
    accesses: count.openapi({
      description: 'All that it says and would count: `matched` and everything below together.',
    }),
    alone: count.openapi({ description: 'What the other side does not say.' }),
    repeated: count.openapi({
      description: 'Said once more: Clowder publishes some downloads twice, and each part of a file.',
    }),
    incomparable: count.openapi({ description: 'What the other side never says, by its kind.' }),
    left_out: z.record(count).openapi({ description: 'What the other side says and leaves out, by its reason.' }),
  })
  .openapi('UsageAuditSide');

const Compared = z
  .object({
    matched: count.openapi({ description: 'Both say it.' }),
    counted: Side.openapi({ description: 'The source that is counted.' }),
    control: Side.openapi({ description: 'The source that it is compared with.' }),
  })
  .openapi('UsageAuditCounts');

const kinds = { views: Compared, downloads: Compared };

const Example = z
  .object({
    kind: z.enum(['view', 'download']),
    said_by: z.string().openapi({ description: 'The source that alone says it.' }),
    time: epochMs.openapi({ description: 'When it began.' }),
    id: z.string().openapi({ description: 'Id of the event.' }),
    resource: z.string().openapi({ description: 'The file, or the dataset.' }),
    dataset: z
      .string()
      .openapi({ description: 'What it is counted for: the dataset, or the file where none is known.' }),
  })
  .openapi('UsageAuditExample');

const Control = z
  .object({
    control: z.string(),
    ...kinds,
    examples: z.array(Example).openapi({
      description: 'The first 20 of each side and kind that stand alone. None once the month is closed.',
    }),
  })
  .openapi('UsageAuditControl');

const UsageAudit = z
  .object({
    source: z.enum(usageSources).openapi({ description: 'What is counted now.' }),
    window_seconds: count.openapi({ description: 'Two sources speak of one access when it began within this time.' }),
    controls: z
      .array(
        z
          .object({
            source: z.string().openapi({ description: 'What was counted on the days that are summed up.' }),
            control: z.string(),
            counted_alone: z.string().openapi({ description: 'What it means that the counted source alone says it.' }),
            control_alone: z.string().openapi({ description: 'What it means that the control alone says it.' }),
            ...kinds,
          })
          .openapi('UsageAuditTotal'),
      )
      .openapi({ description: 'The other sources that are heard, and their sums; what is counted now comes first.' }),
    days: z
      .array(
        z
          .object({
            day: z.string(),
            source: z.string().openapi({ description: 'What was counted on that day.' }),
            controls: z.array(Control),
          })
          .openapi('UsageAuditDay'),
      )
      .openapi({ description: 'Every day of which something is known.' }),
  })
  .openapi('UsageAudit');

/** One source is counted, the others are the control. */
export class UsageAuditRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage/audit',
      access: 'read',
      tag: 'Usage',
      id: 'getUsageAudit',
      summary: 'What the sources say of the same accesses, day by day',
      description:
        'Compares the source that is counted with the others: what both say, what Clowder lost, what passed the proxy by. The days are those of UTC.',
      query: AuditQuery,
      answer: { status: 200, config: json('Sums and days.', UsageAudit) },
      problems: [501],
    }),
  )
  async audit(ctx: ApiContext, { query }: { query: AuditQuery }): Promise<void> {
    const usage = usageOf(ctx);
    const today = dayOf(ctx.services.clock.now());
    const { to = today, from = firstDayOf(monthOf(to)) } = query;
    if (from > to) throw new HttpProblem('invalid-request', 'from must not be after to.');
    if ((startOfDay(to) - startOfDay(from)) / dayMs >= maxDays)
      throw new HttpProblem('invalid-request', `from and to must be less than ${maxDays} days apart.`);
    const days = await inTurn(ctx, () => usage.audit({ from, to }));
    const source = usage.config.source ?? 'clowder';
    const totals = auditTotals(days);
    const isHeard = (control: string): boolean =>
      (usage.config.heard ?? []).some(one => one === control) ||
      totals.some(one => one.control === control && one.views.control.accesses + one.downloads.control.accesses > 0);
    ctx.body = {
      source,
      window_seconds: matchWindowMs / 1000,
      controls: totals
        .filter(({ control }) => isHeard(control))
        .sort((one, other) => Number(other.source === source) - Number(one.source === source))
        .map(({ source: counted, control, views, downloads }) => ({
          ...{ source: counted, control },
          counted_alone: aloneMeans(counted, control),
          control_alone: aloneMeans(control, counted),
          ...{ views: countsAnswer(views), downloads: countsAnswer(downloads) },
        })),
      days: days.map(({ day, source: counted, controls }) => ({
        day: written(day),
        source: counted,
        controls: Object.entries(controls)
          .filter(([control]) => isHeard(control))
          .map(([control, { views, downloads, examples }]) => ({
            control,
            ...{ views: countsAnswer(views), downloads: countsAnswer(downloads) },
            examples: examples.map(one => exampleAnswer(one, one.side === 'counted' ? counted : control)),
          })),
      })),
    } satisfies Answer<typeof UsageAudit>;
  }
}

function countsAnswer({ matched, counted, control }: AuditCounts): Answer<typeof Compared> {
  return { matched, counted: sideAnswer(counted), control: sideAnswer(control) };
}

function sideAnswer({ leftOut, ...side }: AuditSide): Answer<typeof Side> {
  return { ...side, left_out: leftOut };
}

function exampleAnswer({ at, id, resource, item, request }: AloneAct, saidBy: string): Answer<typeof Example> {
  return { kind: request ? 'download' : 'view', said_by: saidBy, time: at, id, resource, dataset: item };
}
