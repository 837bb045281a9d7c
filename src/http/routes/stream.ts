import { routeConfig, z } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
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
        '`event: end` announces the end of the stream (`shutdown`, or `expired` after an hour: connect again). When there is nothing else to send, a comment goes out every 15 s.',
      query: StreamQuery,
      answer: {
        status: 200,
        config: content('The stream.', { 'text/event-stream': { schema: { type: 'string' } } }),
      },
    }),
  )
  async open(ctx: ApiContext, { query }: { query: StreamQuery }): Promise<void> {
    const { feed } = ctx.services;
    feed.admit();
    ctx.status = 200;
    ctx.type = 'text/event-stream';
    ctx.set('X-Accel-Buffering', 'no');
    if (ctx.method === 'HEAD') return;
    ctx.respond = false;
    feed.open(ctx.res, query.category);
  }
}
