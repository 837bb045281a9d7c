import { routeConfig, z } from 'koa-swagger-decorator';
import { readMonth, written } from '../../calendar.js';
import { UnsupportedError } from '../../errors.js';
import { isReportFormat, type ReportFormat, reportFormatNames, reportFormats } from '../../usage/monthly/formats.js';
import type { MonthlyUsage } from '../../usage/monthly-usage.js';
import { ownerOf } from '../answer.js';
import type { ApiContext } from '../context.js';
import { reportHeaders } from '../middleware/page-headers.js';
import { MonthlyReportBody } from '../monthly-report-schema.js';
import { HttpProblem } from '../problem.js';
import { content, json, route } from '../route.js';
import { type Answer, characters, epochMs } from '../schemas.js';

const KeptReports = z
  .object({
    reports: z
      .array(
        z
          .object({
            month: z.string(),
            closed: epochMs
              .nullable()
              .openapi({ description: 'When it was closed; null while it takes in late events.' }),
            kept: z.boolean().openapi({
              description: 'Its report is kept as it was when the month was closed; others are made at each request.',
            }),
          })
          .openapi('ListedReport'),
      )
      .openapi({ description: 'Newest first.' }),
  })
  .openapi('MonthlyReports');

const monthPattern = '[1-9][0-9]{3}-(0[1-9]|1[0-2])';

const ReportName = z
  .object({
    month: z
      .string()
      .transform((text, ctx) => {
        const [, name = '', ending] = /^([^.]*)(?:\.(.*))?$/.exec(text) ?? [];
        const month = readMonth(name);
        const format = ending === undefined || isReportFormat(ending) ? ending : null;
        if (month === undefined || format === null)
          ctx.addIssue({ code: 'custom', message: 'must be a month, such as 2026-03 or 2026-03.csv' });
        return month === undefined || format === null ? z.NEVER : { month, format };
      })
      .openapi({ type: 'string', pattern: `^${monthPattern}(\\.(${reportFormatNames.join('|')}))?$` }),
  })
  .strict();
type ReportName = z.output<typeof ReportName>;

const ReportQuery = z.object({ format: z.enum(['json', 'csv', 'html']).optional() }).strict();
type ReportQuery = z.output<typeof ReportQuery>;

const Month = z
  .object({
    month: z
      .string()
      .transform((text, ctx) => {
        const month = readMonth(text);
        if (month === undefined) ctx.addIssue({ code: 'custom', message: 'must be a month, such as 2026-03' });
        return month ?? z.NEVER;
      })
      .openapi({ type: 'string', pattern: `^${monthPattern}$` }),
  })
  .strict();
type Month = z.output<typeof Month>;

const SubmitQuery = z
  .object({
    report_id: characters(1, 128)
      .optional()
      .openapi({ description: 'Id of the report of that month at the hub, where it was not submitted from here.' }),
  })
  .strict();
type SubmitQuery = z.output<typeof SubmitQuery>;

const Submitted = z
  .object({ month: z.string(), id: z.string().openapi({ description: 'Id of the event that asks the sink.' }) })
  .openapi('UsageSubmitted');

/** Reports of single months: for those who pay for the data, and for hubs. */
export class UsageReportRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage-reports',
      access: 'read',
      tag: 'Usage',
      id: 'listUsageReports',
      summary: 'The months of which there is a report',
      answer: { status: 200, config: json('The months.', KeptReports) },
      problems: [501],
    }),
  )
  async list(ctx: ApiContext): Promise<void> {
    const reports = await monthlyOf(ctx).list();
    ctx.body = {
      reports: reports.map(({ month, closed, kept }) => ({ month: written(month), closed, kept })),
    } satisfies Answer<typeof KeptReports>;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage-reports/{month}',
      access: 'read',
      tag: 'Usage',
      id: 'getUsageReport',
      summary: 'The report of a month, by space, dataset and owner',
      description:
        'As JSON, as CSV, or as a page that prints well: with an ending (`2026-03.html`), with `format`, or by what is accepted. Of a closed month it is the one that was kept then.',
      params: ReportName,
      query: ReportQuery,
      answer: {
        status: 200,
        config: content('The report.', {
          'application/json': { schema: MonthlyReportBody },
          'text/csv': { schema: z.string() },
          'text/html': { schema: z.string() },
        }),
      },
      problems: [404, 501],
    }),
  )
  async report(ctx: ApiContext, { params, query }: { params: ReportName; query: ReportQuery }): Promise<void> {
    const monthly = monthlyOf(ctx);
    const { month } = params.month;
    const format = params.month.format ?? query.format ?? acceptedBy(ctx);
    const { turns } = ctx.services;
    const text = await turns.charts.run(
      ownerOf(ctx),
      () => ctx.req.socket.destroyed,
      () => monthly.text(month, format),
    );
    if (text === undefined) throw new HttpProblem('not-found', `Nothing was counted in ${written(month)}.`);
    if (format === 'html') await reportHeaders(ctx as never, async () => {});
    ctx.status = 200;
    ctx.set('Vary', 'Accept');
    ctx.set(
      'Content-Disposition',
      `${format === 'csv' ? 'attachment' : 'inline'}; filename="usage-${written(month)}.${format}"`,
    );
    ctx.set('Content-Type', reportFormats[format].type);
    ctx.body = text;
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/usage/months/{month}/submit',
      access: 'admin',
      tag: 'Usage',
      id: 'submitUsage',
      summary: 'Submit the report of a month to the hub',
      description:
        'It is sent from a queue of its own, and replaces the one that the hub has of that month. Refused while the month is not over, and without USAGE_PUBLISHER_ID, or a USAGE_PLATFORM or USAGE_PUBLISHER.',
      params: Month,
      query: SubmitQuery,
      answer: { status: 202, config: json('It waits in the queue of the sink `hub`.', Submitted) },
      problems: [409, 501],
    }),
  )
  async submit(ctx: ApiContext, { params, query }: { params: Month; query: SubmitQuery }): Promise<void> {
    const { month } = params;
    const submitted = await monthlyOf(ctx).submit({ month, report: query.report_id });
    if ('refused' in submitted) throw new HttpProblem('submission-conflict', `${submitted.refused}.`);
    ctx.status = 202;
    ctx.body = { month: written(month), id: submitted.id } satisfies Answer<typeof Submitted>;
  }
}

/** @throws UnsupportedError when usage is not counted */
function monthlyOf({ services }: ApiContext): MonthlyUsage {
  const { monthly } = services.backend;
  if (monthly === undefined) throw new UnsupportedError('usage is not counted here; set USAGE=on');
  return monthly;
}

function acceptedBy(ctx: ApiContext): ReportFormat {
  const accepted = ctx.accepts(...reportFormatNames);
  return typeof accepted === 'string' && isReportFormat(accepted) ? accepted : 'json';
}
