import { routeConfig, z } from 'koa-swagger-decorator';
import { ownerOf } from '../answer.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { json, route } from '../route.js';
import { type Answer, epochMs, given, moment, name, wholeNumber } from '../schemas.js';

const hourMs = 3_600_000;
const maxStepMs = 366 * 24 * hourMs;
const maxSteps = 1000;

const SeriesQuery = z
  .object({
    from: moment('An hour before `to` by default.'),
    to: moment('Now by default.'),
    step: wholeNumber(
      1000,
      maxStepMs,
      `Milliseconds; a sixtieth of the whole by default. At most ${maxSteps} steps fit in one answer.`,
    ),
    category: name.optional().openapi({ description: 'Only this category.' }),
    field: name.optional().openapi({ description: 'The mean of this numeric field instead of a count.' }),
    by: name.optional().openapi({ description: 'Split by this field instead of by category.' }),
  })
  .strict();
type SeriesQuery = z.output<typeof SeriesQuery>;

const SeriesLine = z
  .object({ name: z.string(), values: z.array(z.number().nullable()).openapi({ description: 'One for each step.' }) })
  .openapi('SeriesLine');

const Series = z
  .object({
    times: z.array(epochMs).openapi({ description: 'Start of each step.' }),
    lines: z.array(SeriesLine),
  })
  .openapi('Series');

/** Stored events as numbers. */
export class SeriesRoutes {
  @routeConfig(
    route({
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
    if (from >= to) throw new HttpProblem('invalid-request', 'from must be before to.');
    const step = asked ?? Math.max(1000, Math.ceil((to - from) / 60_000) * 1000);
    if ((to - from) / step > maxSteps) {
      throw new HttpProblem('invalid-request', `That makes more than ${maxSteps} steps. Ask for a larger step.`);
    }
    const { backend, turns } = ctx.services;
    const gone = (): boolean => ctx.req.socket.destroyed;
    const wanted = { from, to, step, ...given(filter) };
    const series = await turns.charts.run(ownerOf(ctx), gone, () => backend.series(wanted));
    ctx.body = series satisfies Answer<typeof Series>;
  }
}
