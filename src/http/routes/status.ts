import { routeConfig } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { json, operation } from '../operation.js';
import { Problem } from '../problem.js';
import { given, Ledger, Series, SeriesQuery, Status } from '../schemas.js';

const hourMs = 3_600_000;
const maxSteps = 1000;
const counts = { accepted: 1200, delivered: 1190, duplicates: 4, filtered: 3, dead: 1 };

/** What the daemon does and has done. */
export class StatusRoutes {
  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/status',
      access: 'read',
      tag: 'Status',
      id: 'getStatus',
      summary: 'The state of the daemon, its sinks and its actors',
      answer: { status: 200, config: json('The state now.', Status) },
    }),
  )
  async status(ctx: ApiContext): Promise<void> {
    const { actors, ...rest } = await ctx.services.backend.status();
    ctx.body = {
      ...rest,
      actors: actors.map(({ path, state, since, restarts, lastError, nextTry, detail }) => ({
        path,
        state,
        since,
        restarts,
        last_error: lastError ?? null,
        next_try: nextTry ?? null,
        detail,
      })),
    };
  }

  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/ledger',
      access: 'read',
      tag: 'Status',
      id: 'getLedger',
      summary: 'What became of every event, by sink and hour',
      answer: {
        status: 200,
        config: json('The ledger.', Ledger, {
          exact: true,
          balanced: true,
          sinks: [{ sink: 'local', hour: null, ...counts, pending: 2, difference: 0 }],
          hours: [{ sink: 'local', hour: 1709542800000, ...counts }],
        }),
      },
    }),
  )
  async ledger(ctx: ApiContext): Promise<void> {
    ctx.body = await ctx.services.backend.ledger();
  }

  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/series',
      access: 'read',
      tag: 'Status',
      id: 'getSeries',
      summary: 'Stored events over time, for charts',
      query: SeriesQuery,
      answer: {
        status: 200,
        config: json('One line for each category, or each value of `by`.', Series, {
          times: [1709542800000, 1709542860000],
          lines: [{ name: 'download', values: [3, 8] }],
        }),
      },
      problems: [501],
    }),
  )
  async series(ctx: ApiContext, { query }: { query: SeriesQuery }): Promise<void> {
    const { to = ctx.services.clock.now(), from = Math.max(0, to - hourMs), step: asked, ...filter } = query;
    if (from >= to) throw new Problem('invalid-request', 'from must be before to.');
    const step = asked ?? Math.max(1000, Math.ceil((to - from) / 60_000) * 1000);
    if ((to - from) / step > maxSteps) {
      throw new Problem('invalid-request', `That makes more than ${maxSteps} steps. Ask for a larger step.`);
    }
    ctx.body = await ctx.services.backend.series({ from, to, step, ...given(filter) });
  }
}
