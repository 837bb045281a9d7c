import { routeConfig, z } from 'koa-swagger-decorator';
import { ownerOf } from '../answer.js';
import type { ApiContext } from '../context.js';
import { stillAllowed } from '../middleware/authentication.js';
import { content, route } from '../route.js';
import { name } from '../schemas.js';

const StreamQuery = z.object({ category: name.optional().openapi({ description: 'Only this category.' }) }).strict();
type StreamQuery = z.output<typeof StreamQuery>;

/** The live stream. */
export class StreamRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/stream',
      access: 'read',
      tag: 'Events',
      id: 'streamEvents',
      summary: 'Events as they are stored, live (Server-Sent Events)',
      description:
        'Each message is an event as in `GET /v1/events`. `event: dropped` gives the number of events left out because they came faster than they could be read; ' +
        '`event: end` announces the end of the stream (`shutdown`, `expired` after an hour: connect again, or `revoked`: the key, the session or its scope is gone). When there is nothing else to send, a comment goes out every 15 s.',
      query: StreamQuery,
      answer: {
        status: 200,
        config: content('The stream.', { 'text/event-stream': { schema: { type: 'string' } } }),
      },
    }),
  )
  async open(ctx: ApiContext, { query }: { query: StreamQuery }): Promise<void> {
    const { feed } = ctx.services;
    const owner = ownerOf(ctx);
    feed.admit(owner);
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('X-Accel-Buffering', 'no');
    if (ctx.method === 'HEAD') return;
    ctx.respond = false;
    const left = feed.open(ctx.res, { category: query.category, owner, allowed: stillAllowed(ctx, 'read') });
    ctx.services.connections.onEnd(ctx.res, left);
  }
}
