import { routeConfig } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { eventBody, eventPageExample } from '../examples.js';
import { takeEvent, takeEvents, withJson } from '../ingest.js';
import { json, operation } from '../operation.js';
import {
  EventPage,
  EventsQuery,
  given,
  IdempotencyHeader,
  PublishHeaders,
  Receipt,
  ServiceStatus,
} from '../schemas.js';

const receiptExample = {
  accepted: 1,
  duplicates: 0,
  ids: ['8c5be8ba9be24dc0a3e5c1f7e3b0ad6c'],
  durability: 'embedded',
};

/** Events in, and out again from the local store. */
export class EventRoutes {
  @routeConfig(
    operation({
      method: 'post',
      path: '/v1/events',
      access: 'publish',
      tag: 'Events',
      id: 'publishEvents',
      summary: 'Send events',
      description:
        'One event as a JSON object, several as a JSON array or as lines of JSON (NDJSON); gzip or deflate if you like. At most 1 MiB unpacked and 1,000 events. ' +
        'Answered once the events are durable. One bad event refuses the whole request: see `errors`.',
      headers: PublishHeaders,
      body: eventBody,
      answer: { status: 202, config: json('Accepted and durable.', Receipt, receiptExample) },
    }),
  )
  async publish(ctx: ApiContext): Promise<void> {
    const receipt = await takeEvents(ctx);
    ctx.services.metrics.published(receipt.durability, receipt.accepted);
    ctx.status = 202;
    ctx.body = receipt;
  }

  @routeConfig(
    operation({
      method: 'post',
      path: '/v1/service-status',
      access: 'publish',
      tag: 'Events',
      id: 'reportServiceStatus',
      summary: 'Tell that a service is up, down, degraded or in maintenance',
      description: 'The emergency form: it becomes an event of category `service_status` whose `type` is the status.',
      headers: IdempotencyHeader,
      body: {
        content: {
          'application/json': {
            schema: ServiceStatus,
            example: {
              service_name: 'clowder',
              status: 'down',
              message: 'Disk replacement',
              until: '2024-03-04T12:00:00Z',
            },
          },
        },
      },
      answer: { status: 202, config: json('Accepted and durable.', Receipt, receiptExample) },
    }),
  )
  async report(ctx: ApiContext): Promise<void> {
    const receipt = await withJson(ctx, async body => {
      const { status, ...rest } = ServiceStatus.parse(body);
      return takeEvent(ctx, { category: 'service_status', type: status, ...rest });
    });
    ctx.services.metrics.published(receipt.durability, receipt.accepted);
    ctx.status = 202;
    ctx.body = receipt;
  }

  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/events',
      access: 'read',
      tag: 'Events',
      id: 'listEvents',
      summary: 'List stored events, newest first',
      query: EventsQuery,
      answer: { status: 200, config: json('A page of events.', EventPage, eventPageExample) },
      problems: [501],
    }),
  )
  async list(ctx: ApiContext, { query }: { query: EventsQuery }): Promise<void> {
    const { limit = 100, ...filter } = query;
    const { events, nextCursor } = await ctx.services.backend.events({ limit, ...given(filter) });
    ctx.body = { events, next_cursor: nextCursor };
  }
}
