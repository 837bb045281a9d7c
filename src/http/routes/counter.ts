import { Readable } from 'node:stream';
import { routeConfig, z } from 'koa-swagger-decorator';
import { type DatasetReport, datasetReport } from '../../usage/report/dataset-report.js';
import { type ReportCode, type ReportException, reportException } from '../../usage/report/exceptions.js';
import { reportAsJson } from '../../usage/report/json.js';
import { accessMethods, metricTypes, type Parameters, readReportRequest } from '../../usage/report/request.js';
import { reportAsTsv } from '../../usage/report/tsv.js';
import { ownerOf, pieces, shareOf } from '../answer.js';
import { answersFull } from '../answer-pool.js';
import type { Backend } from '../backend.js';
import type { ApiContext } from '../context.js';
import { authenticate, presentedKey } from '../middleware/authentication.js';
import { HttpProblem, type ProblemKind, toProblem } from '../problem.js';
import { retryAfter } from '../problem-document.js';
import { json, route } from '../route.js';
import { count } from '../schemas.js';

const CounterException = z
  .object({
    code: count.openapi({
      description: 'As the standard has them: 1000, 1030, 2000, 2020, 3000, 3020, 3030, 3031, 3040, 3050, 3060.',
    }),
    severity: z.string(),
    message: z.string(),
    data: z.string().openapi({ description: 'What is the matter in this case.' }),
  })
  .openapi('CounterException');

const Status = z
  .object({ description: z.string(), serviceactive: z.boolean(), alerts: z.array(z.object({ alert: z.string() })) })
  .openapi('CounterStatus');

const Reports = z.array(
  z
    .object({
      'report-name': z.string(),
      'report-id': z.string(),
      release: z.string(),
      'report-description': z.string(),
      path: z.string(),
    })
    .openapi('CounterReport'),
);

const anyObject = z.record(z.unknown()).openapi({ type: 'object', additionalProperties: true });

const DatasetReportBody = z
  .object({ 'report-header': anyObject, 'report-datasets': z.array(anyObject) })
  .openapi('DatasetReport', { description: 'A Dataset Master Report, as DataCite takes it.' });

/** Read by `readReportRequest`, so that what is wrong with it has a code of the standard. */
const parameter = (description: string) => z.unknown().optional().openapi({ type: 'string', description });
const ReportQuery = z
  .object({
    api_key: parameter('The key, where it cannot stand in a header.'),
    'begin-date': parameter('`2026-01`, or a day of a month that is not closed.'),
    'end-date': parameter('`2026-03`, or a day.'),
    'metric-type': parameter(`Only these, with \`|\` between them: ${metricTypes.join(', ')}.`),
    'access-method': parameter(`Only these: ${accessMethods.join(', ')}.`),
    'dataset-id': parameter('Only this dataset, by its id or DOI.'),
    format: parameter('`tsv` for a table; JSON otherwise.'),
  })
  .passthrough();
type Query = { readonly query: Parameters };

const report = {
  'report-name': 'dataset report',
  'report-id': 'DSR',
  release: 'rd1',
  'report-description': 'usage by month and dataset',
  path: '/counter/reports/dsr',
};

const refused = (description: string) => json(description, CounterException);

function later(description: string) {
  const answer = refused(description);
  return { ...answer, headers: { ...answer.headers, ...retryAfter } as typeof retryAfter };
}

const others = {
  401: refused('There is no key, or it is not known (2020).'),
  403: refused('The key lacks the scope `read` (2000).'),
  429: later('Too many failed attempts from this address, or too many requests with this key (1000).'),
  501: refused('Usage is not counted here (1000).'),
  503: later('Not possible right now (1000).'),
};
const needs =
  'Needs a key with the scope `read`, in a header or as `api_key`. What goes wrong has a code of the standard.';

/** Harvesting of usage reports: COUNTER's SUSHI, for research data. */
export class CounterRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/counter/status',
      access: 'open',
      tag: 'Usage',
      id: 'getCounterStatus',
      summary: 'Whether usage reports can be had',
      description: needs,
      answer: { status: 200, config: json('The state of the service.', Status) },
      others,
      problems: [500],
    }),
  )
  async status(ctx: ApiContext): Promise<void> {
    await answer(ctx, async usage => {
      // The counts can be read.
      await usage.months();
      const { platform } = usage.config;
      ctx.body = {
        description: `usage reports for research data${platform === undefined ? '' : ` of ${platform}`}`,
        serviceactive: true,
        alerts: [],
      };
    });
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/counter/reports',
      access: 'open',
      tag: 'Usage',
      id: 'listCounterReports',
      summary: 'Which usage reports there are',
      description: needs,
      answer: { status: 200, config: json('The reports.', Reports, [report]) },
      others,
      problems: [500],
    }),
  )
  async reports(ctx: ApiContext): Promise<void> {
    await answer(ctx, async usage => {
      await usage.months();
      ctx.body = [report];
    });
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/counter/reports/{report}',
      access: 'open',
      tag: 'Usage',
      id: 'getCounterReport',
      summary: 'A usage report: `dsr`, the Dataset Master Report',
      description: `${needs} As a table with \`format=tsv\`, or where only text/tab-separated-values is accepted.`,
      // Any name is one of which there is no report, but for those that there are.
      params: z.object({ report: z.string() }).strict(),
      query: ReportQuery,
      answer: {
        status: 200,
        config: {
          ...json('The report.', DatasetReportBody),
          content: {
            'application/json': { schema: DatasetReportBody },
            'text/tab-separated-values': { schema: z.string() },
          },
        },
      },
      others: {
        ...others,
        400: refused('Something is missing (1030), or a date (3020, 3031) or a filter (3060) is wrong.'),
        404: refused('There is no such report (3000).'),
      },
      problems: [500],
    }),
  )
  async report(ctx: ApiContext, { params }: { params: { readonly report: string } }): Promise<void> {
    await answer(ctx, async usage => {
      if (params.report.toLowerCase() !== 'dsr')
        throw refusal(reportException(3000, `there is no report ${params.report.slice(0, 256)}`));
      const { clock } = ctx.services;
      const request = readReportRequest(ctx.query as Query['query'], clock.now());
      if ('code' in request) throw refusal(request);
      const found = await inTurn(ctx, () => datasetReport(usage, request, clock, isTable(ctx)));
      if ('code' in found) throw refusal(found);
      send(ctx, found, usage);
    });
  }
}

function isTable(ctx: ApiContext): boolean {
  return ctx.query.format === 'tsv' || ctx.accepts('json', 'text/tab-separated-values') === 'text/tab-separated-values';
}

function send(ctx: ApiContext, found: DatasetReport, { config }: NonNullable<Backend['usage']>): void {
  const asTable = isTable(ctx);
  const texts = asTable ? reportAsTsv(found, config) : reportAsJson(found, config);
  ctx.status = 200;
  ctx.type = asTable ? 'text/tab-separated-values; charset=utf-8' : 'application/json';
  ctx.body = Readable.from(bounded(ctx, texts), { objectMode: false });
}

/** The part at hand of a large report is all that is in memory, and counted. */
async function* bounded(ctx: ApiContext, texts: AsyncGenerator<string>): AsyncGenerator<Buffer> {
  const share = shareOf(ctx);
  let counted = 0;
  for (;;) {
    const next = await inTurn(ctx, () => texts.next());
    if (next.done) return;
    const part = Buffer.from(next.value);
    if (part.length > counted) {
      if (!share.grow(part.length - counted)) throw answersFull();
      counted = part.length;
    }
    yield* pieces(part);
  }
}

function inTurn<T>(ctx: ApiContext, work: () => Promise<T>): Promise<T> {
  return ctx.services.turns.charts.run(ownerOf(ctx), () => ctx.req.socket.destroyed, work);
}

/** With a key, and with errors as the standard has them. */
async function answer(ctx: ApiContext, work: (usage: NonNullable<Backend['usage']>) => Promise<void>): Promise<void> {
  const { api_key: key } = ctx.query;
  if (typeof key === 'string' && key !== '' && presentedKey(ctx) === undefined) ctx.req.headers['x-api-key'] = key;
  try {
    await authenticate('read')(ctx as never, async () => {});
    const { usage } = ctx.services.backend;
    if (usage === undefined) throw new HttpProblem('unsupported', 'usage is not counted here; set USAGE=on');
    await work(usage);
  } catch (error) {
    const problem = toProblem(error);
    if (problem.kind === 'internal' || problem.answer !== undefined) throw error;
    const { message, headers } = problem;
    throw new HttpProblem(problem.kind, message, { headers, answer: { ...reportException(codeOf(problem), message) } });
  }
}

const statuses: Partial<Record<ReportCode, ProblemKind>> = { 3000: 'not-found', 1000: 'unavailable' };

function refusal(exception: ReportException): HttpProblem {
  return new HttpProblem(statuses[exception.code] ?? 'invalid-request', exception.data, { answer: { ...exception } });
}

function codeOf({ kind }: HttpProblem): ReportCode {
  if (kind === 'unauthenticated') return 2020;
  return kind === 'forbidden' ? 2000 : 1000;
}
