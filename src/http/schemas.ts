import { z } from 'koa-swagger-decorator';
import { parseTimestamp } from '../events/timestamp.js';

const count = z.number().int().nonnegative();
const epochMs = z.number().int().nonnegative();

/** A time in a query: epoch (any unit) or ISO-8601, as in an event. */
function moment(description: string) {
  return z
    .string()
    .transform((text, ctx) => {
      const time = parseTimestamp(text);
      if (time === undefined)
        ctx.addIssue({ code: 'custom', message: 'must be epoch milliseconds or an ISO-8601 time' });
      return time ?? z.NEVER;
    })
    .optional()
    .openapi({ type: 'string', description: `${description} Epoch milliseconds or ISO-8601.` });
}

function wholeNumber(min: number, max: number, description: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine(value => value >= min && value <= max, `must be ${min} to ${max}`)
    .optional()
    .openapi({ type: 'integer', minimum: min, maximum: max, description });
}

const word = z.string().min(1).max(256);
const limit = wholeNumber(1, 1000, 'How many at most; 100 when absent.');
const cursor = z.string().min(1).max(1024).optional().openapi({ description: '`next_cursor` of the page before.' });
const nextCursor = z
  .string()
  .nullable()
  .openapi({ description: 'Give it as `cursor` for the next page; null at the end.' });

export const PublishHeaders = z.object({
  'Idempotency-Key': z.string().min(1).max(128).optional().openapi({
    description: 'The id of a single event: sending it again changes nothing. 1 to 128 printable ASCII characters.',
  }),
  'Event-Source': z
    .enum(['replay'])
    .optional()
    .openapi({ description: '`replay` marks recorded events that are sent again.' }),
});

export const IdempotencyHeader = PublishHeaders.pick({ 'Idempotency-Key': true });

export const Receipt = z
  .object({
    accepted: count.openapi({ description: 'Events kept durably.' }),
    duplicates: count.openapi({ description: 'Items that repeat the id of an earlier one of this request.' }),
    ids: z.array(z.string()).openapi({ description: 'Ids in the order of the items.' }),
    durability: z.enum(['broker', 'outbox', 'embedded']).openapi({
      description:
        'What keeps them: RabbitMQ, the outbox on this disk until RabbitMQ is back, or the embedded queues on this disk.',
    }),
  })
  .openapi('Receipt');

export const ServiceStatus = z
  .object({
    service_name: z.string().min(1).max(256).openapi({ example: 'clowder' }),
    status: z.enum(['up', 'down', 'degraded', 'maintenance']),
    message: z.string().max(10_000).optional(),
    from: z.union([z.string(), z.number()]).optional().openapi({ description: 'Begin, as `created` of an event.' }),
    until: z
      .union([z.string(), z.number()])
      .optional()
      .openapi({ description: 'Expected end, as `created` of an event.' }),
  })
  .strict()
  .openapi('ServiceStatus');

export const EventsQuery = z
  .object({
    category: word.optional().openapi({ description: 'Of this category only.' }),
    type: word.optional().openapi({ description: 'Of this type only.' }),
    from: moment('Created at this time or later.'),
    to: moment('Created before this time.'),
    limit,
    cursor,
  })
  .strict();

const StoredEvent = z
  .object({
    id: z.string(),
    created: epochMs,
    category: z.string(),
    type: z.string().optional(),
    _source: z.string().openapi({ description: 'Where it came in.' }),
    _received: epochMs.openapi({ description: 'When the daemon had it first.' }),
  })
  .passthrough()
  .openapi('StoredEvent', {
    additionalProperties: true,
    description: 'An event with its fields flat, and what the daemon knows of it.',
  });

export const EventPage = z.object({ events: z.array(StoredEvent), next_cursor: nextCursor }).openapi('EventPage');

const deadLetterFilter = {
  reason: word.optional().openapi({ description: 'Whose reason contains this, whatever the case.' }),
  category: word.optional().openapi({ description: 'Of events of this category only.' }),
  from: moment('Dead at this time or later.'),
  to: moment('Dead before this time.'),
};

export const DeadLettersQuery = z
  .object({ sink: word.optional().openapi({ description: 'Of this sink only.' }), ...deadLetterFilter, limit, cursor })
  .strict();

const DeadLetter = z
  .object({
    key: z.string().openapi({ description: 'Names it when it is sent again or deleted.' }),
    sink: z.string(),
    id: z.string(),
    reason: z.string(),
    fault: z.enum(['transient', 'setup', 'poison', 'bug']),
    attempts: count,
    first_seen: epochMs,
    dead_at: epochMs,
    body: z.string().openapi({ description: 'The event as it came.' }),
  })
  .openapi('DeadLetter');

export const DeadLetterPage = z
  .object({ dead_letters: z.array(DeadLetter), next_cursor: nextCursor })
  .openapi('DeadLetterPage');

export const Redrive = z
  .object({
    sink: word,
    keys: z.array(word).min(1).max(1000).optional().openapi({ description: 'All of the sink when absent.' }),
    ...deadLetterFilter,
    dry_run: z.boolean().optional().openapi({ description: 'Only say what would happen.' }),
    force: z.boolean().optional().openapi({
      description:
        'Also those that the destination refuses or doubles by now: older than 72 hours at GA4, than 7 days at Amplitude.',
    }),
  })
  .strict()
  .openapi('Redrive');

export const RemovalQuery = z
  .object({
    sink: word,
    key: z
      .union([word, z.array(word).min(1).max(1000)])
      .optional()
      .openapi({ type: 'array', items: { type: 'string' }, description: 'Repeat it for several.' }),
    all: z.enum(['true']).optional().openapi({ description: '`true` deletes every dead letter of the sink.' }),
  })
  .strict();

export const Redriven = z
  .object({
    redriven: count,
    refused: z
      .array(z.object({ key: z.string(), id: z.string(), reason: z.string() }))
      .openapi({ description: 'Left where they are, the first 100 of them; `force` sends them all the same.' }),
    refused_count: count,
    dry_run: z.boolean(),
  })
  .openapi('Redriven');
export const Removed = z.object({ removed: count }).openapi('Removed');

export const Publication = z
  .object({
    queue: word.optional().openapi({ description: 'A queue by its name; or else `exchange` and `routing_key`.' }),
    exchange: word.optional(),
    routing_key: z.string().max(255).optional(),
    message: z
      .record(z.unknown())
      .openapi({ type: 'object', additionalProperties: true, description: 'Any JSON object, sent as it is.' }),
    message_id: z.string().min(1).max(128).optional(),
  })
  .strict()
  .openapi('Publication');

export const Published = z.object({ durability: z.enum(['broker', 'outbox', 'embedded']) }).openapi('Published');

const ActorStatus = z
  .object({
    path: z.string(),
    state: z.enum(['starting', 'running', 'holding', 'parked', 'stopped', 'failed']),
    since: epochMs,
    restarts: count,
    last_error: z
      .object({ fault: z.enum(['transient', 'setup', 'poison', 'bug']), message: z.string(), at: epochMs })
      .nullable(),
    next_try: epochMs.nullable().openapi({ description: 'When a backoff ends.' }),
    detail: z.record(z.unknown()).openapi({
      type: 'object',
      additionalProperties: true,
      description: 'Numbers and words of the actor itself.',
    }),
  })
  .openapi('ActorStatus');

const SinkStatus = z
  .object({
    sink: z.string(),
    title: z.string(),
    state: z.string(),
    queue: z.string(),
    pending: count,
    oldest: epochMs.nullable().openapi({ description: 'Of the event that waits longest.' }),
    delivered: count,
    duplicates: count,
    filtered: count,
    dead: count.openapi({ description: 'Dead letters kept now.' }),
  })
  .openapi('SinkStatus');

export const Status = z
  .object({
    version: z.string(),
    started: epochMs,
    now: epochMs,
    ready: z.boolean(),
    problems: z
      .array(z.object({ what: z.string(), since: epochMs, fix: z.string() }))
      .openapi({ description: 'What is wrong, worst first; empty when all is well.' }),
    broker: z.object({
      kind: z.enum(['embedded', 'rabbitmq']),
      state: z.enum(['ready', 'outbox', 'down']),
      detail: z.string(),
      outbox: count,
      gaps: count.optional().openapi({
        description: 'How often a queue or the exchange had disappeared from RabbitMQ and was made again.',
      }),
    }),
    sinks: z.array(SinkStatus),
    actors: z.array(ActorStatus),
  })
  .openapi('Status');

const counts = { accepted: count, delivered: count, duplicates: count, filtered: count, dead: count };

export const Ledger = z
  .object({
    exact: z
      .boolean()
      .openapi({ description: 'True on the embedded broker; with RabbitMQ the counters are of this daemon.' }),
    balanced: z.boolean(),
    sinks: z.array(
      z.object({ sink: z.string(), hour: epochMs.nullable(), ...counts, pending: count, difference: z.number().int() }),
    ),
    hours: z.array(z.object({ sink: z.string(), hour: epochMs.nullable(), ...counts })),
  })
  .openapi('Ledger', { description: 'Per sink accepted = delivered + duplicates + filtered + dead + pending.' });

export const SeriesQuery = z
  .object({
    from: moment('An hour before `to` when absent.'),
    to: moment('Now when absent.'),
    step: wholeNumber(1000, 366 * 86_400_000, 'Milliseconds; a sixtieth of the whole when absent. At most 1000 steps.'),
    category: word.optional().openapi({ description: 'Of this category only.' }),
    field: word.optional().openapi({ description: 'The mean of this numeric field instead of a count.' }),
    by: word.optional().openapi({ description: 'Split by this field instead of by category.' }),
  })
  .strict();

export const Series = z
  .object({
    times: z.array(epochMs).openapi({ description: 'Start of each step.' }),
    lines: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
  })
  .openapi('Series');

export const StreamQuery = z
  .object({ category: word.optional().openapi({ description: 'Of this category only.' }) })
  .strict();

export const Session = z
  .object({
    name: z.string().openapi({ description: 'Name of the key.' }),
    scopes: z.array(z.string()),
    expires: epochMs,
  })
  .openapi('Session');

export const Health = z.object({ status: z.enum(['ok', 'ready']) }).openapi('Health');

/** Without the keys whose value is undefined: zod leaves them in, exact optional types want them out. */
export function given<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

export type EventsQuery = z.output<typeof EventsQuery>;
export type DeadLettersQuery = z.output<typeof DeadLettersQuery>;
export type RemovalQuery = z.output<typeof RemovalQuery>;
export type SeriesQuery = z.output<typeof SeriesQuery>;
export type StreamQuery = z.output<typeof StreamQuery>;
export type Publication = z.output<typeof Publication>;
