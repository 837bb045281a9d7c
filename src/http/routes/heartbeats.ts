import { routeConfig, z } from 'koa-swagger-decorator';
import { beatKinds } from '../../heartbeats/heartbeat.js';
import { maxScheduleSeconds } from '../../heartbeats/schedule.js';
import { type ApiContext, hasBody } from '../context.js';
import { receiptExample } from '../examples.js';
import { ingestEvent } from '../ingest.js';
import { HttpProblem } from '../problem.js';
import { accepted, ReceiptSchema } from '../receipt.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { characters } from '../schemas.js';

const name = characters(1, 128).openapi({
  description:
    'The name of the job, without control characters and slashes. One that is not known yet is watched from now on, as a service of that name.',
  example: 'nightly-backup',
});

function seconds(description: string) {
  return z.number().min(1).max(maxScheduleSeconds).optional().openapi({ description });
}

const Heartbeat = z
  .object({
    status: z.enum(beatKinds).optional().openapi({ default: 'success' }),
    message: characters(0, 10_000).optional().openapi({ description: 'Why it failed, or anything else.' }),
    every: seconds('From the end of one run to the end of the next, seconds; without it the job is never overdue.'),
    grace: seconds('How late it may be, seconds. A tenth of `every` by default, at least a minute.'),
    runtime: seconds('How long a run may take, seconds; as long as `grace` by default.'),
  })
  .strict()
  .openapi('Heartbeat');

/** Where jobs say that they run: backups, cron jobs, extractors. */
export class HeartbeatRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/heartbeats/{name}',
      access: 'publish',
      tag: 'Events',
      id: 'sendHeartbeat',
      summary: 'Say that a job starts, has ended well or has failed',
      description:
        'An empty object, or no body, is a success. It becomes an event of category `heartbeat`; a job that is not heard of in time, or does not end, is a service that is down. ' +
        '`every`, `grace` and `runtime` count for jobs that HEALTH_TARGETS does not name.',
      params: z.object({ name }),
      body: {
        required: false,
        content: {
          'application/json': { schema: Heartbeat, example: { status: 'failure', message: 'disk full' } },
        },
      },
      answer: { status: 202, config: json('Accepted and durable.', ReceiptSchema, receiptExample) },
    }),
  )
  async beat(ctx: ApiContext): Promise<void> {
    const service = jobOf(ctx);
    const receipt = hasBody(ctx.req)
      ? await withJson(ctx, async body => ingestEvent(ctx, textOf(ctx, service, Heartbeat.parse(body))))
      : await ingestEvent(ctx, textOf(ctx, service, {}));
    accepted(ctx, receipt);
  }
}

/** Each is an event of its own, also where it says the same as the one before. */
function textOf(ctx: ApiContext, service: string, beat: z.output<typeof Heartbeat>): string {
  const { status = 'success', ...more } = beat;
  const created = ctx.services.clock.now();
  return JSON.stringify({ category: 'heartbeat', type: status, service_name: service, ...more, created });
}

function jobOf(ctx: ApiContext): string {
  const { name: job } = (ctx as unknown as { params: { name: string } }).params;
  if (/\p{C}|:\/\//u.test(job) || job.includes('/'))
    throw new HttpProblem('invalid-request', 'The name of a job has no control characters and no slash.');
  return job;
}
