import { routeConfig, z } from 'koa-swagger-decorator';
import { written } from '../../calendar.js';
import { type UsageRow, usageKinds } from '../../storage/usage-report.js';
import { usageSources } from '../../usage/access.js';
import { badge } from '../../usage/badge.js';
import { figuresOf, noCounts } from '../../usage/figures.js';
import { notesOf } from '../../usage/notes.js';
import type { Recomputed } from '../../usage/reopening.js';
import { audit } from '../audit.js';
import type { Backend } from '../backend.js';
import type { ApiContext } from '../context.js';
import { authenticate, identify, presentedKey } from '../middleware/authentication.js';
import { HttpProblem } from '../problem.js';
import { content, json, route } from '../route.js';
import { type Answer, count, epochMs, given, name, nextCursor, wholeNumber } from '../schemas.js';
import { lineAnswer, metrics, namesOf, UsageLine } from '../usage-answer.js';
import { Completeness, completenessAnswer, isComplete, isCompleteAnswer } from '../usage-completeness.js';
import { inTurn, monthIn, monthly, usageOf } from '../usage-request.js';

/** Browsers and proxies may show what they have for this long, seconds. */
const cacheSeconds = 300;
/** Months of one dataset that a web page gets: three years. */
const shownMonths = 36;

const range = {
  from: monthly('First month, `2026-01`. The first there is by default.'),
  to: monthly('Last month. This one by default.'),
};

const UsageQuery = z
  .object({
    by: z.enum(usageKinds).optional().openapi({ description: 'What a line stands for; `dataset` by default.' }),
    dataset: name.optional().openapi({ description: 'Only this dataset.' }),
    space: name.optional().openapi({ description: 'Only datasets of this space.' }),
    collection: name.optional().openapi({ description: 'Only datasets of this collection.' }),
    user: name.optional().openapi({ description: 'Only datasets that belong to this person.' }),
    month: monthly('Only this month, instead of `from` and `to`.'),
    ...range,
    limit: wholeNumber(1, 1000, 'At most this many lines; 100 by default.'),
    cursor: z
      .string()
      .regex(/^\d{1,9}$/, 'must be the next_cursor of a page')
      .optional()
      .openapi({ description: '`next_cursor` of the previous page.' }),
  })
  .strict();
type UsageQuery = z.output<typeof UsageQuery>;

const UsageReport = z
  .object({
    usage: z.array(UsageLine).openapi({ description: 'The most requested first; months in their order.' }),
    next_cursor: nextCursor,
    source: z.enum(usageSources).openapi({ description: 'What is counted now.' }),
    months: z
      .array(
        z
          .object({
            month: z.string(),
            closed: epochMs
              .nullable()
              .openapi({ description: 'When it was closed; null while it takes in late events.' }),
            sources: z.array(z.enum(usageSources)).openapi({
              description:
                'What it was counted from, and is judged by; several where USAGE_SOURCE was changed meanwhile. Empty: nothing counted, or it was closed before this was noted.',
            }),
            notes: z.array(z.string()).openapi({
              description: 'What must be known of the figures, though nothing is missing from them: a sentence each.',
            }),
            left_out: z.record(count).openapi({
              description: 'What was not counted, by reason: `double_click`, `robot`, `extractor`, `late` …',
            }),
            completeness: Completeness,
          })
          .openapi('UsageMonth'),
      )
      .openapi({ description: 'Every month of the range of which something is known.' }),
  })
  .openapi('UsageReport');

const DatasetUsage = z
  .object({
    id: z.string(),
    title: z.string().nullable().openapi({ description: 'Null without a key.' }),
    doi: z.string().nullable().openapi({ description: 'Null without a key.' }),
    ...metrics,
    months: z
      .array(z.object({ month: z.string(), ...metrics, ...isComplete }).openapi('DatasetUsageMonth'))
      .openapi({ description: `The last ${shownMonths} in which there was something.` }),
  })
  .openapi('DatasetUsage');

const Item = z.object({ id: name }).strict();
type Item = z.output<typeof Item>;
const NoQuery = z.object({}).strict();

export const Month = z.object({ month: monthIn('`2026-03`.') }).strict();
export type Month = z.output<typeof Month>;

export const RecomputedSchema = z
  .object({
    month: z.string(),
    accesses: count.openapi({ description: 'Stored events that tell of one.' }),
    before: z.object(metrics).openapi('UsageBefore'),
    after: z.object(metrics).openapi('UsageAfter'),
  })
  .openapi('UsageRecomputed');

const openProblems = [401, 403, 429, 500, 501, 503];
const open = 'Needs a key with the scope `read`, unless USAGE_PUBLIC is on.';
const openFigures = `${open} Without a key it says figures alone: a dataset may be private, and so is what it is called.`;

/** Views and downloads of datasets, by the rules of COUNTER. */
export class UsageRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage',
      access: 'read',
      tag: 'Usage',
      id: 'getUsage',
      summary: 'Usage of datasets, by dataset, space, collection, user, month or country',
      query: UsageQuery,
      answer: { status: 200, config: json('Sums over the range.', UsageReport) },
      problems: [501],
    }),
  )
  async usage(ctx: ApiContext, { query }: { query: UsageQuery }): Promise<void> {
    const usage = usageOf(ctx);
    const { by = 'dataset', limit = 100, cursor = '0', month, from, to, ...filter } = query;
    const first = month ?? from ?? 190_001;
    const last = month ?? to ?? 999_912;
    if (first > last) throw new HttpProblem('invalid-request', 'from must not be after to.');
    const periods = { from: first * 100, to: last * 100 + 99 };
    const offset = Number(cursor);
    const [rows, leftOut, known] = await inTurn(ctx, async () => [
      await usage.query({ by, ...periods, ...given(filter), limit: limit + 1, offset }),
      await usage.leftOut(periods),
      await usage.completeness(periods),
    ]);
    ctx.body = {
      usage: rows.slice(0, limit).map(row => lineAnswer(row, by === 'country')),
      next_cursor: rows.length > limit ? String(offset + limit) : null,
      source: usage.config.source ?? 'clowder',
      months: known.map(one => ({
        month: written(one.month),
        closed: one.closed,
        sources: [...one.sources],
        notes: notesOf(one.sources.length === 0 ? [usage.config.source ?? 'clowder'] : one.sources),
        left_out: Object.fromEntries(
          leftOut.filter(({ month }) => month === one.month).map(({ reason, count }) => [reason, count]),
        ),
        completeness: completenessAnswer(one),
      })),
    } satisfies Answer<typeof UsageReport>;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage/{id}',
      access: 'open',
      tag: 'Usage',
      id: 'getDatasetUsage',
      summary: 'Usage of one dataset, for web pages',
      description: `${openFigures} Of a dataset that nobody has used, all is 0.`,
      params: Item,
      query: NoQuery,
      answer: { status: 200, config: json('Sums since the beginning, and by month.', DatasetUsage) },
      problems: openProblems,
    }),
  )
  async dataset(ctx: ApiContext, { params }: { params: Item }): Promise<void> {
    const [usage, total] = await totalOf(ctx, params.id);
    const [months, known] = await inTurn(ctx, async () => [
      await usage.query({ by: 'month', dataset: params.id, ...always, limit: 1000, offset: 0 }),
      await usage.completeness(always),
    ]);
    answerCached(ctx, usage);
    ctx.body = {
      id: params.id,
      ...namesOf(isAnonymous(ctx) ? null : total.facts),
      regular: figuresOf(total.regular),
      machine: figuresOf(total.machine),
      months: months.slice(-shownMonths).map(({ key, regular, machine }) => ({
        month: written(Number(key)),
        regular: figuresOf(regular),
        machine: figuresOf(machine),
        ...isCompleteAnswer(known.find(({ month }) => month === key)),
      })),
    } satisfies Answer<typeof DatasetUsage>;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/v1/usage/{id}/badge.svg',
      access: 'open',
      tag: 'Usage',
      id: 'getUsageBadge',
      summary: 'How often people downloaded from a dataset, as a picture for web pages',
      description: open,
      params: Item,
      query: NoQuery,
      answer: {
        status: 200,
        config: content('Its total requests by people.', { 'image/svg+xml': { schema: z.string() } }),
      },
      problems: openProblems,
    }),
  )
  async badge(ctx: ApiContext, { params }: { params: Item }): Promise<void> {
    const [usage, { regular }] = await totalOf(ctx, params.id);
    answerCached(ctx, usage);
    ctx.type = 'image/svg+xml';
    ctx.body = badge('downloads', regular.requests);
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/usage/months/{month}/recompute',
      access: 'admin',
      tag: 'Usage',
      id: 'recomputeUsage',
      summary: 'Count an open month again, from the stored events',
      description:
        'By the rules of now: after a change of the source or of the list of robots. Refused when an event that was counted is not stored any more, and of a closed month.',
      params: Month,
      answer: { status: 200, config: json('All of the month, before and after.', RecomputedSchema) },
      problems: [409, 501],
    }),
  )
  async recompute(ctx: ApiContext, { params: { month } }: { params: Month }): Promise<void> {
    const done = await inTurn(ctx, () => usageOf(ctx).recompute(month));
    ctx.body = recomputedAnswer(ctx, month, done);
  }
}

/** @throws HttpProblem 409 when nothing was done */
export function recomputedAnswer(
  ctx: ApiContext,
  month: number,
  done: Recomputed | { readonly refused: string },
): Answer<typeof RecomputedSchema> {
  if ('refused' in done) throw new HttpProblem('usage-conflict', `${done.refused}.`);
  audit(ctx, { type: 'usage_recounted', subject: written(month), count: done.accesses });
  const sumsOf = (row: UsageRow | undefined) => ({
    regular: figuresOf(row?.regular ?? noCounts),
    machine: figuresOf(row?.machine ?? noCounts),
  });
  return {
    month: written(month),
    accesses: done.accesses,
    before: sumsOf(done.before),
    after: sumsOf(done.after),
  };
}

async function totalOf(ctx: ApiContext, id: string): Promise<[NonNullable<Backend['usage']>, UsageRow]> {
  const { usage: open } = ctx.services.backend;
  if (!open?.config.isPublic || presentedKey(ctx) !== undefined || identify(ctx) !== undefined)
    await authenticate('read')(ctx as never, async () => {});
  const usage = usageOf(ctx);
  const [found] = await inTurn(ctx, () => usage.query({ by: 'dataset', dataset: id, ...always, limit: 1, offset: 0 }));
  return [usage, found ?? { key: id, facts: null, regular: noCounts, machine: noCounts }];
}

/** All periods. */
const always = { from: 190_001_00, to: 999_912_99 };

/** Nobody showed a key: what everybody may see is all that may be said. */
function isAnonymous(ctx: ApiContext): boolean {
  return ctx.state.key === undefined;
}

/** Where everybody may see it, every page may fetch it. What a key was shown for is for its owner alone. */
function answerCached(ctx: ApiContext, { config: { isPublic } }: NonNullable<Backend['usage']>): void {
  ctx.set('Cache-Control', `${isAnonymous(ctx) ? 'public' : 'private'}, max-age=${cacheSeconds}`);
  if (!isPublic) return;
  ctx.vary('Authorization, X-API-Key, Cookie');
  ctx.set('Access-Control-Allow-Origin', '*');
}
