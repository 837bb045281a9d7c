import { routeConfig, z } from 'koa-swagger-decorator';
import { written } from '../../calendar.js';
import { decode } from '../../events/decode.js';
import type { Event } from '../../events/event.js';
import { type Message, sources } from '../../events/message.js';
import type { ApiContext } from '../context.js';
import { withPastEvents } from '../import.js';
import { json, route } from '../route.js';
import { type Answer, count } from '../schemas.js';
import { inTurn, usageOf } from '../usage-request.js';
import { Month, RecomputedSchema, recomputedAnswer } from './usage.js';

const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .transform(text => text === 'true')
    .optional()
    .openapi({ type: 'string', enum: ['true', 'false'], description });

const FinishQuery = z.object({ lower: flag('Figures may fall. Otherwise nothing is done when one would.') }).strict();
type FinishQuery = z.output<typeof FinishQuery>;

const RecountQuery = z
  .object({ keep: flag('Keep them, in the place of what was known of the same events. Otherwise only look.') })
  .strict();
type RecountQuery = z.output<typeof RecountQuery>;

const Recounted = z
  .object({
    month: z.string(),
    accesses: count.openapi({ description: 'Events of the month among these that tell of one.' }),
    known: count.openapi({ description: 'Those of them that were kept before.' }),
    kept: count.openapi({ description: 'All that are kept of the month now.' }),
    closed: z.boolean().openapi({ description: 'They are collected beside its counts: see `finishReopening`.' }),
    refused: z
      .array(z.object({ index: count, message: z.string() }).openapi('RefusedEventOfMonth'))
      .openapi({ description: 'Lines that are not events, and why.' }),
  })
  .openapi('UsageRecounted');

/** Months that are counted from a recording, or from old logs. */
export class UsageMonthRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/usage/months/{month}/accesses',
      access: 'admin',
      tag: 'Usage',
      id: 'recountUsage',
      summary: 'Count events of a month from a recording',
      description:
        'Lines of `{"id": …, "event": {…}}` (NDJSON), as `importEvents` takes them; those of other months are passed over. They go to no sink. Of a closed month they are collected beside its counts, until it is finished. `event-sink usage recompute --from` sends such requests.',
      params: Month,
      query: RecountQuery,
      body: { content: { 'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } } } },
      answer: { status: 200, config: json('What they come to.', Recounted) },
      problems: [501],
    }),
  )
  async recount(ctx: ApiContext, { params, query }: { params: Month; query: RecountQuery }): Promise<void> {
    const { month } = params;
    const { keep = false } = query;
    const { reopening } = usageOf(ctx);
    ctx.body = await withPastEvents(ctx, 'import', async ({ messages, refused }) => {
      const events = messages.flatMap(eventsOf);
      const counted = await inTurn(ctx, () => reopening.recount(month, events, keep));
      return { month: written(month), ...counted, refused } satisfies Answer<typeof Recounted>;
    });
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/usage/months/{month}/finish',
      access: 'admin',
      tag: 'Usage',
      id: 'finishReopening',
      summary: 'Let what was collected of a closed month take the place of its counts',
      description:
        'The month is open again then, for as long as any (USAGE_CLOSE_DAYS). Refused when it is not being counted anew, and when a figure of one of its datasets would fall.',
      params: Month,
      query: FinishQuery,
      answer: { status: 200, config: json('All of the month, before and after.', RecomputedSchema) },
      problems: [409, 501],
    }),
  )
  async finish(ctx: ApiContext, { params, query }: { params: Month; query: FinishQuery }): Promise<void> {
    const { month } = params;
    const { reopening } = usageOf(ctx);
    ctx.body = recomputedAnswer(ctx, month, await inTurn(ctx, () => reopening.finish(month, query.lower ?? false)));
  }
}

/** As it was when it came: what a stored event says of that holds. Without it, nobody knows when it came. */
function eventsOf(message: Message): Event[] {
  const decoded = decode(message);
  if (decoded.kind !== 'event') return [];
  const { event } = decoded;
  const source = sources.find(name => name === event.fields._source);
  const { _received: received } = event.fields;
  return [
    { ...event, source: source ?? event.source, received: typeof received === 'number' ? received : event.created },
  ];
}
