import { routeConfig, z } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs } from '../schemas.js';

const counts = { accepted: count, delivered: count, duplicates: count, filtered: count, dead: count };

const row = {
  sink: z.string(),
  hour: epochMs.nullable().openapi({ description: 'When the hour began; null in totals.' }),
  ...counts,
};

const LedgerHour = z.object(row).openapi('LedgerHour');

const LedgerSink = z
  .object({
    ...row,
    pending: count,
    difference: z.number().int().openapi({ description: 'Accepted events that none of the others accounts for.' }),
  })
  .openapi('LedgerSink');

const Ledger = z
  .object({
    exact: z
      .boolean()
      .openapi({ description: 'True on the embedded broker; with RabbitMQ the counters are those of this daemon.' }),
    balanced: z.boolean(),
    sinks: z.array(LedgerSink),
    hours: z.array(LedgerHour).openapi({ description: 'The last 48 hours.' }),
  })
  .openapi('Ledger', { description: 'For each sink: accepted = delivered + duplicates + filtered + dead + pending.' });

const example = { accepted: 1200, delivered: 1190, duplicates: 4, filtered: 3, dead: 1 };

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
          sinks: [{ sink: 'local', hour: null, ...example, pending: 2, difference: 0 }],
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
