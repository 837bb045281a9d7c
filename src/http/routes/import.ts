import { routeConfig, z } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { importEvents } from '../import.js';
import { json, route } from '../route.js';
import { type Answer, count, durability } from '../schemas.js';

const ImportQuery = z
  .object({
    sinks: z
      .string()
      .min(1)
      .max(1024)
      .transform(text => text.split(',').map(name => name.trim()))
      .optional()
      .openapi({
        type: 'string',
        minLength: 1,
        maxLength: 1024,
        description:
          'Names of the sinks that get them, comma-separated (`mongodb,usage`), and no other sink does. By default those of MongoDB, InfluxDB, the local store and usage that are configured: analytics only when they are named.',
      }),
    source: z
      .enum(['nginx'])
      .optional()
      .openapi({ description: '`nginx` for events that were made of log lines as the daemon makes them.' }),
    reopen: z
      .enum(['true', 'false'])
      .transform(text => text === 'true')
      .optional()
      .openapi({
        type: 'string',
        enum: ['true', 'false'],
        description:
          'Collect accesses of closed months too, beside their counts: see `finishReopening`. Otherwise such accesses do not count, and `closed` says how many.',
      }),
  })
  .strict();
type ImportQuery = z.output<typeof ImportQuery>;

const byMonth = z.record(count);

const ImportReceipt = z
  .object({
    accepted: count.openapi({ description: 'Events that are now durable.' }),
    already_there: count.nullable().openapi({
      description:
        'Those of them that the local store or usage had: they are no second event there. Null where both are off, or not among the sinks.',
    }),
    sinks: z.array(z.string()).openapi({ description: 'The sinks that they were for.' }),
    refused: z
      .array(z.object({ index: count, message: z.string() }).openapi('RefusedPastEvent'))
      .openapi({ description: 'What was not taken, and why; the others were.' }),
    too_old: z.record(count).openapi({ description: 'How many were too old for a sink, by its name.' }),
    closed: byMonth.openapi({ description: 'How many do not count as usage because their month is closed, by month.' }),
    reopened: z.array(z.string()).openapi({ description: 'Closed months that are being counted anew.' }),
    durability,
  })
  .openapi('ImportReceipt');

/** What happened before the daemon was there. */
export class ImportRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/import',
      access: 'admin',
      tag: 'Events',
      id: 'importEvents',
      summary: 'Bring in events of the past, for some sinks',
      description:
        'Lines of `{"id": …, "event": {…}}` (NDJSON), at most 1 MiB unpacked and 1,000 events. The id is the event’s, and never changes: what is sent again is no second event. An event needs its `created`. ' +
        'Two kinds of lines say what usage cannot know by itself: `{"read": {"from", "to"}}` (epoch ms), of which time all lines of the log were read, and `{"gap": {"hour", "reason", "origin", "count"}}`, how many lines of one hour and file could not be (`unread_lines`) or may count a visitor twice (`late_salt`). ' +
        'A bad line refuses itself alone. What is past stands behind what happens now: one request for a sink at a time, and 503 with Retry-After while many events wait for one of the sinks. `event-sink import` sends such requests.',
      query: ImportQuery,
      body: { content: { 'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } } } },
      answer: { status: 202, config: json('What became of them.', ImportReceipt) },
    }),
  )
  async import(ctx: ApiContext, { query }: { query: ImportQuery }): Promise<void> {
    const { alreadyThere, tooOld, ...receipt } = await importEvents(ctx, query);
    ctx.services.metrics.published(receipt.durability, receipt.accepted);
    ctx.status = 202;
    ctx.body = {
      accepted: receipt.accepted,
      already_there: alreadyThere ?? null,
      sinks: receipt.sinks,
      refused: receipt.refused,
      too_old: tooOld,
      closed: receipt.closed,
      reopened: receipt.reopened,
      durability: receipt.durability,
    } satisfies Answer<typeof ImportReceipt>;
  }
}
