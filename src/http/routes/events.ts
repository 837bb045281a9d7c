import { routeConfig, z } from 'koa-swagger-decorator';
import { memberTexts } from '../../events/json-text.js';
import { sources } from '../../events/message.js';
import { isAhead, parseTimestamp } from '../../events/timestamp.js';
import type { ApiContext } from '../context.js';
import { eventText } from '../event-text.js';
import { eventBody, eventPageExample, receiptExample } from '../examples.js';
import { ingestEvent, ingestEvents } from '../ingest.js';
import { answerList } from '../list-answer.js';
import { HttpProblem } from '../problem.js';
import { accepted, PublishHeaders, ReceiptSchema } from '../receipt.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { characters, epochMs, eventTime, given, moment, name, nextCursor, paging } from '../schemas.js';

const statuses = z.enum(['up', 'down', 'degraded', 'maintenance']);

const ServiceStatus = z
  .object({
    service_name: name.openapi({ example: 'clowder' }),
    status: statuses,
    message: characters(0, 10_000).optional(),
    from: eventTime('When it began, written like `created` of an event. Only maintenance may begin later than now.'),
    until: eventTime('When it is expected to end, written like `created` of an event.'),
  })
  .strict()
  .openapi('ServiceStatusReport');

const Withdrawal = z
  .object({
    service_name: name.openapi({ example: 'clowder' }),
    status: z.literal('withdrawn').openapi({ description: 'Calls maintenance off that was declared.' }),
    corrects: name.openapi({
      description:
        'Id of the event that declared it, as in the answer to that request; of what a later declaration has replaced, that of the later one.',
    }),
    message: characters(0, 10_000).optional(),
  })
  .strict()
  .openapi('ServiceStatusWithdrawal');

const EventsQuery = z
  .object({
    category: name.optional().openapi({ description: 'Only this category.' }),
    type: name.optional().openapi({ description: 'Only this type.' }),
    from: moment('Created at this time or later.'),
    to: moment('Created before this time.'),
    order: z.enum(['received', 'created']).optional().openapi({
      description:
        'Newest first by arrival, or by the time that the events carry. `received` by default; `created` when `from` or `to` is given.',
    }),
    ...paging,
  })
  .strict();
type EventsQuery = z.output<typeof EventsQuery>;

const StoredEvent = z
  .object({
    id: z.string(),
    created: epochMs,
    category: z.string(),
    type: z.string().optional(),
    _source: z
      .enum(sources)
      .openapi({ description: 'Where it came in; `clowder` is a message that somebody else published.' }),
    _received: epochMs.openapi({ description: 'When the daemon first received it.' }),
  })
  .passthrough()
  .openapi('StoredEvent', {
    additionalProperties: true,
    description: 'An event with its fields at the top level, beside what the daemon knows about it.',
  });

const EventPage = z.object({ events: z.array(StoredEvent), next_cursor: nextCursor }).openapi('EventPage');

/** A page of large events ends after this much. */
const maxPageBytes = 8 * 1024 * 1024;

/** Events in, and out again from the local store. */
export class EventRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/events',
      access: 'publish',
      tag: 'Events',
      id: 'publishEvents',
      summary: 'Send events',
      description:
        'One event as a JSON object, or several as a JSON array or as lines of JSON (NDJSON); gzip and deflate are welcome. At most 1 MiB unpacked and 1,000 events. ' +
        'The answer comes once the events are durable. One bad event refuses the whole request: see `errors`. ' +
        'An event without an id gets a new one, so equal events without ids are several; give ids, or an Idempotency-Key, to send again safely. ' +
        'For a day, the same id with another content is refused (422). ' +
        'CloudEvents 1.0 are taken in the structured and batch forms, and in the binary form (headers `ce-specversion`, `ce-id`, `ce-source`, `ce-type`, `ce-time` and extensions, with the data as a JSON body).',
      headers: PublishHeaders,
      body: eventBody,
      answer: { status: 202, config: json('Accepted and durable.', ReceiptSchema, receiptExample) },
      problems: [422],
    }),
  )
  async publish(ctx: ApiContext): Promise<void> {
    accepted(ctx, await ingestEvents(ctx));
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/service-status',
      access: 'publish',
      tag: 'Events',
      id: 'reportServiceStatus',
      summary: 'Report that a service is up, down, degraded or in maintenance, or call maintenance off',
      description:
        'For emergencies, by hand: it becomes an event of category `service_status` whose `type` is the status. ' +
        'Maintenance that was declared is called off with the status `withdrawn` and the id of its event: before it begins, and later, too.',
      headers: PublishHeaders.pick({ 'Idempotency-Key': true }),
      body: {
        content: {
          'application/json': {
            schema: z.union([ServiceStatus, Withdrawal]).openapi('ServiceStatusRequest'),
            example: {
              service_name: 'clowder',
              status: 'down',
              message: 'Disk replacement',
              until: '2024-03-04T12:00:00Z',
            },
          },
        },
      },
      answer: { status: 202, config: json('Accepted and durable.', ReceiptSchema, receiptExample) },
      problems: [422],
    }),
  )
  async report(ctx: ApiContext): Promise<void> {
    const receipt = await withJson(ctx, async (body, text) => {
      if ((body as { readonly status?: unknown } | null)?.status === 'withdrawn') {
        await requireDeclared(ctx, Withdrawal.parse(body));
        return ingestEvent(ctx, statusEventText(text, ctx.state.key?.name));
      }
      const { status, from } = ServiceStatus.parse(body);
      if (status !== 'maintenance' && isAhead(parseTimestamp(from) ?? 0, ctx.services.clock.now())) throw aheadOfTime();
      return ingestEvent(ctx, statusEventText(text, ctx.state.key?.name));
    });
    accepted(ctx, receipt);
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/v1/events',
      access: 'read',
      tag: 'Events',
      id: 'listEvents',
      summary: 'List stored events, newest first',
      description: 'Events that arrive while you read pages do not move the others: no event is repeated or left out.',
      query: EventsQuery,
      answer: { status: 200, config: json('A page of events.', EventPage, eventPageExample) },
      problems: [501],
    }),
  )
  async list(ctx: ApiContext, { query }: { query: EventsQuery }): Promise<void> {
    const { limit = 100, cursor, ...filter } = query;
    const order = query.from === undefined && query.to === undefined ? 'received' : 'created';
    const { backend } = ctx.services;
    await answerList(ctx, {
      member: 'events',
      limit,
      maxBytes: maxPageBytes,
      cursor,
      read: async slice => {
        const { events, nextCursor } = await backend.events({ order, ...given(filter), ...slice });
        return { items: events.map(eventText), nextCursor };
      },
    });
  }
}

function aheadOfTime(): HttpProblem {
  const errors = [{ field: 'from', message: 'must not lie ahead, unless the status is maintenance' }];
  return new HttpProblem('ahead-of-time', 'How a service will be is not known yet. Nothing was accepted.', { errors });
}

/** Whether it was called off before does not matter: the same request may come again. */
async function requireDeclared(ctx: ApiContext, { service_name: service, corrects }: z.output<typeof Withdrawal>) {
  const declared = await ctx.services.backend.declaredMaintenance(corrects);
  const message =
    declared?.service !== service
      ? `is not the id of an event that declared maintenance of ${service}`
      : declared.replacedBy === null
        ? undefined
        : `was declared anew by ${declared.replacedBy}`;
  if (message === undefined) return;
  const errors = [{ field: 'corrects', message }];
  throw new HttpProblem('not-declared', 'There is nothing to call off. Nothing was accepted.', { errors });
}

/** The report as an event: its members as they were sent, with `status` for a type, and who sent it. */
function statusEventText(report: string, by: string | undefined): string {
  const members = [...memberTexts(report)].map(([name, text]) => `"${name === 'status' ? 'type' : name}":${text}`);
  if (by !== undefined) members.push(`"by":${JSON.stringify(by)}`);
  return `{"category":"service_status",${members.join(',')}}`;
}
