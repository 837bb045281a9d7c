import { routeConfig, z } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs } from '../schemas.js';

const counts = {
  accepted: count.openapi({ description: 'Made durable for this sink.' }),
  delivered: count,
  duplicates: count.openapi({ description: 'The destination had them already.' }),
  filtered: count.openapi({ description: 'Left out by the categories of the sink.' }),
  too_old: count.openapi({ description: 'Left out because the destination takes none of their age.' }),
  erased: count.openapi({ description: 'Left out because the person they are about was erased.' }),
  dead: count.openapi({ description: 'Became dead letters, whatever happened to those since.' }),
};

const row = {
  sink: z.string(),
  hour: epochMs.nullable().openapi({ description: 'When the hour began; null in totals.' }),
  ...counts,
};

const LedgerHour = z.object(row).openapi('LedgerHour');

const LedgerSink = z
  .object({
    ...row,
    pending: count.openapi({ description: 'Waiting, counted where the messages are.' }),
    missing: count.openapi({
      description: 'RabbitMQ confirmed them, and they never came out of the queue; always 0 on the embedded broker.',
    }),
    difference: z.number().int().nullable().openapi({
      description: 'Accepted events that none of the others accounts for; null when that is not known, see `inexact`.',
    }),
    inexact: z
      .string()
      .nullable()
      .openapi({ description: 'Why the counts of this sink prove nothing now; null when they do.' }),
  })
  .openapi('LedgerSink');

const Ledger = z
  .object({
    exact: z.boolean().openapi({
      description: 'False while something else takes from a queue too: then the counts are this daemon’s own.',
    }),
    balanced: z.boolean().openapi({ description: 'Nothing is missing, and every difference that is known is 0.' }),
    sinks: z.array(LedgerSink),
    hours: z.array(LedgerHour).openapi({ description: 'The last 48 hours.' }),
  })
  .openapi('Ledger', {
    description:
      'For each sink: accepted = delivered + duplicates + filtered + too_old + erased + dead + pending + missing.',
  });

const example = { accepted: 1200, delivered: 1190, duplicates: 4, filtered: 3, too_old: 0, erased: 0, dead: 1 };

/** What the daemon has done. */
export class LedgerRoutes {
  @routeConfig(
    route({
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
          sinks: [{ sink: 'local', hour: null, ...example, pending: 2, missing: 0, difference: 0, inexact: null }],
          hours: [{ sink: 'local', hour: 1709542800000, ...example }],
        }),
      },
    }),
  )
  async ledger(ctx: ApiContext): Promise<void> {
    const report = await ctx.services.backend.ledger();
    ctx.body = report satisfies Answer<typeof Ledger>;
  }
}
