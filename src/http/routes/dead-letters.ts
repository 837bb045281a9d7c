import { routeConfig, z } from 'koa-swagger-decorator';
import type { DeadLetter as Listed } from '../../broker/broker.js';
import { sinks } from '../../sinks/registry.js';
import type { SinkDefinition } from '../../sinks/sink.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { answerList } from '../list-answer.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs, fault, given, moment, name, nextCursor, paging } from '../schemas.js';

const exampleKey = 'MDAwMDAwMDAwMDAwMDAxNw';
const listedRefusals = 100;

/** Which dead letters of a sink are better not sent again, in words. */
function overdue({ title, redriveLimit }: SinkDefinition): string[] {
  if (redriveLimit === undefined) return [];
  const hours = redriveLimit.withinMs / 3_600_000;
  const time = hours > 72 ? `${hours / 24} days` : `${hours} hours`;
  return [
    redriveLimit.since === 'created'
      ? `older than ${time} at ${title}`
      : `first tried more than ${time} ago at ${title}`,
  ];
}

/** A page of large dead letters ends after this much: on RabbitMQ, each slice of it reads the queue from its start. */
const maxPageBytes = 1024 * 1024;

const filters = {
  reason: name.optional().openapi({ description: 'Only those whose reason contains this, in any case.' }),
  category: name.optional().openapi({ description: 'Only events of this category.' }),
  from: moment('Given up at this time or later.'),
  to: moment('Given up before this time.'),
};

const DeadLettersQuery = z
  .object({ sink: name.optional().openapi({ description: 'Only those of this sink.' }), ...filters, ...paging })
  .strict();
type DeadLettersQuery = z.output<typeof DeadLettersQuery>;

const DeadLetter = z
  .object({
    key: z.string().openapi({ description: 'Identifies it for redriving and deleting.' }),
    sink: z.string(),
    id: z.string(),
    reason: z.string(),
    fault,
    attempts: count,
    first_seen: epochMs,
    dead_at: epochMs.openapi({ description: 'When it was given up.' }),
    body: z.string().openapi({ description: 'The event as it came.' }),
    body_base64: z.string().optional().openapi({
      description: 'Its bytes, where they are not UTF-8: `body` shows U+FFFD for some of them then.',
    }),
  })
  .openapi('DeadLetter');

const DeadLetterPage = z
  .object({ dead_letters: z.array(DeadLetter), next_cursor: nextCursor })
  .openapi('DeadLetterPage');

const RedriveRequest = z
  .object({
    sink: name,
    keys: z.array(name).min(1).max(1000).optional().openapi({ description: 'All of the sink when absent.' }),
    limit: z.number().int().min(1).max(1000).optional().openapi({
      description:
        'At most this many, the oldest, and only while hardly anything waits for the sink: 503 until then. Repeated until `redriven` is 0, it brings all of them back behind what happens now.',
    }),
    ...filters,
    dry_run: z.boolean().optional().openapi({ description: 'Only report what would happen.' }),
    force: z
      .boolean()
      .optional()
      .openapi({
        description: `Include those that the destination would by now refuse or count twice: ${sinks.flatMap(overdue).join(', ')}.`,
      }),
  })
  .strict()
  .openapi('RedriveRequest');

const RedriveReport = z
  .object({
    redriven: count,
    refused: z.array(z.object({ key: z.string(), id: z.string(), reason: z.string() })).openapi({
      description: `Left where they are, the first ${listedRefusals} of them; \`force\` sends them all the same.`,
    }),
    refused_count: count,
    not_reached: count.optional().openapi({
      description:
        'Dead letters of the sink that were not looked at: on RabbitMQ, those behind its oldest thousand, where each has to be read first (with a filter, or at a sink that takes nothing old). Ask again when those before them are gone. Absent when there are none, or `limit` was met.',
    }),
    dry_run: z.boolean(),
  })
  .openapi('RedriveReport');

const RemovalQuery = z
  .object({
    sink: name,
    key: z
      .union([name, z.array(name).min(1).max(1000)])
      .optional()
      .openapi({
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 256 },
        minItems: 1,
        maxItems: 1000,
        description: 'Repeat it for several.',
      }),
    all: z.enum(['true']).optional().openapi({ description: '`true` deletes every dead letter of the sink.' }),
  })
  .strict();
type RemovalQuery = z.output<typeof RemovalQuery>;

const RemovalReport = z.object({ removed: count }).openapi('RemovalReport');

/** Events that a sink could not take: kept, explained, sent again or deleted. */
export class DeadLetterRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/dead-letters',
      access: 'read',
      tag: 'Dead letters',
      id: 'listDeadLetters',
      summary: 'List dead letters, each with its reason',
      description: 'Oldest first. With a filter a page may be shorter than the limit although more follow.',
      query: DeadLettersQuery,
      answer: {
        status: 200,
        config: json('A page of dead letters.', DeadLetterPage, {
          dead_letters: [
            {
              key: exampleKey,
              sink: 'mongodb',
              id: '8c5be8ba9be24dc0a3e5c1f7e3b0ad6c',
              reason: 'the document is larger than 16 MiB',
              fault: 'poison',
              attempts: 1,
              first_seen: 1709544703342,
              dead_at: 1709544703519,
              body: '{"category":"upload","created":1709544703342}',
            },
          ],
          next_cursor: null,
        }),
      },
    }),
  )
  async list(ctx: ApiContext, { query }: { query: DeadLettersQuery }): Promise<void> {
    const { limit = 100, cursor, ...filter } = query;
    const { sink: _sink, ...criteria } = filter;
    const filtered = Object.values(criteria).some(value => value !== undefined);
    const { backend } = ctx.services;
    await answerList(ctx, {
      member: 'dead_letters',
      limit,
      // What is found may be far between: one search is enough for one request.
      maxBytes: filtered ? 0 : maxPageBytes,
      cursor,
      read: async slice => {
        const { deadLetters, nextCursor } = await backend.deadLetters({ ...given(filter), ...slice });
        return { items: deadLetters.map(deadLetter => JSON.stringify(answerOf(deadLetter))), nextCursor };
      },
    });
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/dead-letters/redrive',
      access: 'admin',
      tag: 'Dead letters',
      id: 'redriveDeadLetters',
      summary: 'Send dead letters to their sink again',
      description:
        'To that one sink only, behind what is already waiting there; other sinks are not affected. Without keys: all of the sink, or those that match the filter. Try `dry_run` first.',
      body: {
        content: { 'application/json': { schema: RedriveRequest, example: { sink: 'mongodb', keys: [exampleKey] } } },
      },
      answer: {
        status: 200,
        config: json('How many are back in the queue of the sink.', RedriveReport, {
          redriven: 1,
          refused: [],
          refused_count: 0,
          dry_run: false,
        }),
      },
      problems: [404],
    }),
  )
  async redrive(ctx: ApiContext): Promise<void> {
    ctx.body = (await withJson(ctx, async body => {
      const { sink, dry_run: dryRun = false, ...rest } = RedriveRequest.parse(body);
      await requireSink(ctx, sink);
      const { redriven, refused, notReached } = await ctx.services.backend.redrive({ sink, dryRun, ...given(rest) });
      if (!dryRun) audit(ctx, { type: 'dead_letters_redriven', subject: sink, count: redriven });
      return {
        redriven,
        refused: refused.slice(0, listedRefusals),
        refused_count: refused.length,
        ...(notReached > 0 ? { not_reached: notReached } : {}),
        dry_run: dryRun,
      };
    })) satisfies Answer<typeof RedriveReport>;
  }

  @routeConfig(
    route({
      method: 'delete',
      path: '/v1/dead-letters',
      access: 'admin',
      tag: 'Dead letters',
      id: 'deleteDeadLetters',
      summary: 'Delete dead letters for good',
      description: 'Those named by `key`, or every one of the sink with `all=true`.',
      query: RemovalQuery,
      answer: { status: 200, config: json('How many were deleted.', RemovalReport, { removed: 1 }) },
      problems: [404],
    }),
  )
  async remove(ctx: ApiContext, { query }: { query: RemovalQuery }): Promise<void> {
    const { sink, key: named, all } = query;
    if ((named === undefined) === (all === undefined)) {
      throw new HttpProblem('invalid-request', 'Name the dead letters by key, or pass all=true.');
    }
    await requireSink(ctx, sink);
    const selection = named === undefined ? { sink } : { sink, keys: typeof named === 'string' ? [named] : named };
    const removed = await ctx.services.backend.removeDeadLetters(selection);
    audit(ctx, { type: 'dead_letters_removed', subject: sink, count: removed });
    ctx.body = { removed } satisfies Answer<typeof RemovalReport>;
  }
}

function answerOf(deadLetter: Listed): Answer<typeof DeadLetter> {
  return {
    key: deadLetter.key,
    sink: deadLetter.sink,
    id: deadLetter.id,
    reason: deadLetter.reason,
    fault: deadLetter.fault,
    attempts: deadLetter.attempts,
    first_seen: deadLetter.firstSeen,
    dead_at: deadLetter.deadAt,
    body: deadLetter.body,
    ...(deadLetter.bytes === undefined ? {} : { body_base64: Buffer.from(deadLetter.bytes).toString('base64') }),
  };
}

async function requireSink(ctx: ApiContext, wanted: string): Promise<void> {
  const { sinks } = await ctx.services.backend.status();
  if (sinks.some(({ sink }) => sink === wanted)) return;
  const known = sinks.map(({ sink }) => sink).join(', ') || 'none';
  throw new HttpProblem('not-found', `There is no sink named ${wanted}. Configured: ${known}.`);
}
