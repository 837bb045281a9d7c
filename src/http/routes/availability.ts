import { routeConfig, z } from 'koa-swagger-decorator';
import { availabilityAsCsv } from '../../availability/csv.js';
import { figuresOf } from '../../availability/figures.js';
import type { Outage } from '../../availability/history.js';
import { availabilityAsHtml } from '../../availability/html.js';
import type { ServiceReport } from '../../availability/report.js';
import { dayIn, isZone } from '../../availability/zone.js';
import { dayAfter, dayMs, firstDayOf, monthOf, startOfDay, written } from '../../calendar.js';
import type { Correction } from '../../storage/availability.js';
import { ownerOf } from '../answer.js';
import type { ApiContext } from '../context.js';
import { daily } from '../daily.js';
import { reportHeaders } from '../middleware/page-headers.js';
import { HttpProblem } from '../problem.js';
import { content, route } from '../route.js';
import { type Answer, count, epochMs, name } from '../schemas.js';
import { answerOfCost, costAnswer, costDescription } from './outage-cost.js';

const maxDays = 366;

const formats = ['json', 'csv', 'html'] as const;
const types = { csv: 'text/csv; charset=utf-8', html: 'text/html; charset=utf-8' } as const;

const AvailabilityQuery = z
  .object({
    from: daily('first', 'First day, `2026-03-15`, or month, `2026-03`. The first of this month by default.'),
    to: daily('last', 'Last day, or month; it counts. Today by default.'),
    service: name.optional().openapi({ description: 'Only this service.' }),
    timezone: z
      .string()
      .max(64)
      .refine(isZone, 'must be a time zone, such as America/Chicago')
      .optional()
      .openapi({ description: 'In which the days lie, as `America/Chicago`; `UTC` by default.' }),
    format: z.enum(formats).optional().openapi({ description: 'By what is accepted, when it is not given.' }),
  })
  .strict();
type AvailabilityQuery = z.output<typeof AvailabilityQuery>;

const seconds = z.number().nonnegative();

const figures = {
  availability: z.number().min(0).max(100).nullable().openapi({
    description:
      'Percent of the time in which the service should have worked and was looked at: up and degraded, of up, degraded and down. Null where there is none.',
  }),
  up_seconds: seconds,
  degraded_seconds: seconds.openapi({ description: 'It worked, but slowly or not every time.' }),
  down_seconds: seconds,
  maintenance_seconds: seconds.openapi({ description: 'Maintenance, declared before or afterwards.' }),
  unknown_seconds: seconds.openapi({ description: 'Nobody looked.' }),
  response_times: z
    .object({ checks: count, p50_seconds: seconds, p95_seconds: seconds, p99_seconds: seconds })
    .openapi('AvailabilityResponseTimes')
    .nullable()
    .openapi({ description: 'What 50, 95 and 99 of 100 checks did not exceed, within 2.5 %, in the days of UTC.' }),
};

const AvailabilityReport = z
  .object({
    from: z.string().openapi({ description: 'First day.' }),
    to: z.string().openapi({ description: 'Last day.' }),
    timezone: z.string(),
    services: z.array(
      z
        .object({
          service_name: z.string(),
          ...figures,
          outages: z.array(
            z
              .object({
                from: epochMs,
                until: epochMs.nullable().openapi({ description: 'Null while it goes on.' }),
                message: z.string().nullable(),
                cost: costAnswer.nullable().openapi({ description: costDescription }),
              })
              .openapi('AvailabilityOutage'),
          ),
          corrections: z
            .array(
              z
                .object({
                  id: z.string().openapi({ description: 'Id of the event.' }),
                  status: z.string(),
                  from: epochMs,
                  until: epochMs.nullable().openapi({
                    description: 'Null: until further notice. The same as `from`: a remark, which changes no figure.',
                  }),
                  message: z.string().nullable(),
                  by: z.string().nullable().openapi({ description: 'Name of the key with which it was said.' }),
                  at: epochMs.openapi({ description: 'When it was said.' }),
                })
                .openapi('AvailabilityCorrection'),
            )
            .openapi({ description: 'What people said of this time: it holds in place of what the checks saw.' }),
          days: z.array(z.object({ day: z.string(), ...figures }).openapi('AvailabilityDay')),
        })
        .openapi('ServiceAvailability'),
    ),
  })
  .openapi('AvailabilityReport');
type AvailabilityReport = Answer<typeof AvailabilityReport>;

/** How available services were. */
export class AvailabilityRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/availability',
      access: 'read',
      tag: 'Status',
      id: 'getAvailability',
      summary: 'How available services were',
      description: `As JSON, as CSV, or as a page that prints well. Each figure with its outages, its corrections and the time in which nobody looked. At most ${maxDays} days.`,
      query: AvailabilityQuery,
      answer: {
        status: 200,
        config: content('Every service of which something is known.', {
          'application/json': { schema: AvailabilityReport },
          'text/csv': { schema: z.string() },
          'text/html': { schema: z.string() },
        }),
      },
    }),
  )
  async availability(ctx: ApiContext, { query }: { query: AvailabilityQuery }): Promise<void> {
    const { timezone: zone = 'UTC', service } = query;
    const today = dayIn(zone, ctx.services.clock.now());
    const last = query.to ?? Math.max(today, query.from ?? 0);
    const first = query.from ?? firstDayOf(monthOf(last));
    if (first > last) throw new HttpProblem('invalid-request', 'from must not be after to.');
    if (startOfDay(dayAfter(last)) - startOfDay(first) > maxDays * dayMs)
      throw new HttpProblem('invalid-request', `At most ${maxDays} days at once.`);
    const { backend, turns } = ctx.services;
    const services = await turns.charts.run(
      ownerOf(ctx),
      () => ctx.req.socket.destroyed,
      () => backend.availability({ first, last, zone, service, costs: true }),
    );
    const format = query.format ?? acceptedBy(ctx);
    ctx.set('Vary', 'Accept');
    if (format !== 'json') {
      if (format === 'html') await reportHeaders(ctx as never, async () => {});
      const head = { name: backend.platform, first, last, zone, created: ctx.services.clock.now() };
      const file = `availability-${written(first)}-${written(last)}.${format}`;
      ctx.set('Content-Disposition', `${format === 'csv' ? 'attachment' : 'inline'}; filename="${file}"`);
      ctx.body = format === 'csv' ? availabilityAsCsv(services) : availabilityAsHtml(services, head);
      ctx.set('Content-Type', types[format]);
      return;
    }
    ctx.body = {
      from: written(first),
      to: written(last),
      timezone: zone,
      services: services.map(serviceAnswer),
    } satisfies AvailabilityReport;
  }
}

function acceptedBy(ctx: ApiContext): (typeof formats)[number] {
  const accepted = ctx.accepts(...formats);
  return formats.find(format => format === accepted) ?? 'json';
}

function serviceAnswer(report: ServiceReport): AvailabilityReport['services'][number] {
  return {
    service_name: report.service,
    ...figuresOf(report),
    outages: report.outages.map(outageAnswer),
    corrections: report.corrections.map(({ state, ...said }: Correction) => ({ ...said, status: state })),
    days: report.days.map(({ day, ...period }) => ({ day: written(day), ...figuresOf(period) })),
  };
}

function outageAnswer({ from, until, reason, cost }: Outage) {
  return { from, until, message: reason ?? null, cost: cost === undefined ? null : answerOfCost(cost) };
}
