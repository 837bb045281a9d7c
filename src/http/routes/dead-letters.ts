import { routeConfig } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { withJson } from '../ingest.js';
import { json, operation } from '../operation.js';
import { Problem } from '../problem.js';
import { DeadLetterPage, DeadLettersQuery, given, Redrive, Redriven, RemovalQuery, Removed } from '../schemas.js';

const key = 'MDAwMDAwMDAwMDAwMDAxNw';
const shownRefusals = 100;

/** Events that a sink could not take: kept, explained, sent again or deleted. */
export class DeadLetterRoutes {
  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/dead-letters',
      access: 'read',
      tag: 'Dead letters',
      id: 'listDeadLetters',
      summary: 'List dead letters, with the reason of each',
      description: 'Oldest first. With a filter a page may be shorter than the limit though more follow.',
      query: DeadLettersQuery,
      answer: {
        status: 200,
        config: json('A page of dead letters.', DeadLetterPage, {
          dead_letters: [
            {
              key,
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
    const { limit = 100, ...filter } = query;
    const page = await ctx.services.backend.deadLetters({ limit, ...given(filter) });
    ctx.body = {
      dead_letters: page.deadLetters.map(deadLetter => ({
        key: deadLetter.key,
        sink: deadLetter.sink,
        id: deadLetter.id,
        reason: deadLetter.reason,
        fault: deadLetter.fault,
        attempts: deadLetter.attempts,
        first_seen: deadLetter.firstSeen,
        dead_at: deadLetter.deadAt,
        body: deadLetter.body,
      })),
      next_cursor: page.nextCursor,
    };
  }

  @routeConfig(
    operation({
      method: 'post',
      path: '/v1/dead-letters/redrive',
      access: 'admin',
      tag: 'Dead letters',
      id: 'redriveDeadLetters',
      summary: 'Send dead letters to their sink again',
      description:
        'To that one sink only, behind what waits there; other sinks see nothing of it. Without keys: all of the sink, or those that the filter leaves. Try `dry_run` first.',
      body: { content: { 'application/json': { schema: Redrive, example: { sink: 'mongodb', keys: [key] } } } },
      answer: {
        status: 200,
        config: json('How many are in the queue of the sink again.', Redriven, {
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
    ctx.body = await withJson(ctx, async body => {
      const { sink, dry_run: dryRun = false, ...rest } = Redrive.parse(body);
      await requireSink(ctx, sink);
      const { redriven, refused } = await ctx.services.backend.redrive({ sink, dryRun, ...given(rest) });
      return { redriven, refused: refused.slice(0, shownRefusals), refused_count: refused.length, dry_run: dryRun };
    });
  }

  @routeConfig(
    operation({
      method: 'delete',
      path: '/v1/dead-letters',
      access: 'admin',
      tag: 'Dead letters',
      id: 'deleteDeadLetters',
      summary: 'Delete dead letters for good',
      description: 'Those named by `key`, or every one of the sink with `all=true`.',
      query: RemovalQuery,
      answer: { status: 200, config: json('How many are gone.', Removed, { removed: 1 }) },
      problems: [404],
    }),
  )
  async remove(ctx: ApiContext, { query }: { query: RemovalQuery }): Promise<void> {
    const { sink, key: named, all } = query;
    if ((named === undefined) === (all === undefined)) {
      throw new Problem('invalid-request', 'Name the dead letters by key, or say all=true.');
    }
    await requireSink(ctx, sink);
    const selection = named === undefined ? { sink } : { sink, keys: typeof named === 'string' ? [named] : named };
    ctx.body = { removed: await ctx.services.backend.removeDeadLetters(selection) };
  }
}

async function requireSink(ctx: ApiContext, name: string): Promise<void> {
  const { sinks } = await ctx.services.backend.status();
  if (sinks.some(({ sink }) => sink === name)) return;
  throw new Problem(
    'not-found',
    `There is no sink ${name}; there are ${sinks.map(({ sink }) => sink).join(', ') || 'none'}.`,
  );
}
