import { routeConfig, z } from 'koa-swagger-decorator';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs, name } from '../schemas.js';

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
    acknowledged: count.openapi({ description: 'Those of the missing ones that somebody has acknowledged.' }),
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
    balanced: z.boolean().openapi({
      description: 'Nothing is missing but what is acknowledged, and every difference that is known is 0.',
    }),
    sinks: z.array(LedgerSink),
    hours: z.array(LedgerHour).openapi({ description: 'The last 48 hours.' }),
  })
  .openapi('Ledger', {
    description:
      'For each sink: accepted = delivered + duplicates + filtered + too_old + erased + dead + pending + missing.',
  });

const Acknowledgement = z.object({ sink: name }).strict().openapi('LedgerAcknowledgement');

const example = { accepted: 1200, delivered: 1190, duplicates: 4, filtered: 3, too_old: 0, erased: 0, dead: 1 };

const exampleRow = { sink: 'local', hour: null, ...example, pending: 2, difference: 0, inexact: null };

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
          sinks: [{ ...exampleRow, missing: 0, acknowledged: 0 }],
          hours: [{ sink: 'local', hour: 1709542800000, ...example }],
        }),
      },
    }),
  )
  async ledger(ctx: ApiContext): Promise<void> {
    const report = await ctx.services.backend.ledger();
    ctx.body = report satisfies Answer<typeof Ledger>;
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/ledger/acknowledge',
      access: 'admin',
      tag: 'Status',
      id: 'acknowledgeMissing',
      summary: 'Acknowledge what is missing at a sink',
      description:
        'For who knows why it is: all that is missing now stays in the count, and is no problem any more. What goes missing later is.',
      body: { content: { 'application/json': { schema: Acknowledgement, example: { sink: 'local' } } } },
      answer: {
        status: 200,
        config: json('The row of the sink.', LedgerSink, {
          ...exampleRow,
          accepted: 1205,
          missing: 5,
          acknowledged: 5,
        }),
      },
      problems: [404],
    }),
  )
  async acknowledge(ctx: ApiContext): Promise<void> {
    ctx.body = (await withJson(ctx, async body => {
      const { sink } = Acknowledgement.parse(body);
      const { sinks } = await ctx.services.backend.acknowledgeMissing(sink);
      const found = sinks.find(one => one.sink === sink);
      if (found === undefined) throw new HttpProblem('not-found', `The ledger has no sink named ${sink}.`);
      audit(ctx, { type: 'missing_acknowledged', subject: sink, count: found.acknowledged });
      return found;
    })) satisfies Answer<typeof LedgerSink>;
  }
}
