import { routeConfig } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { content, operation } from '../operation.js';
import { StreamQuery } from '../schemas.js';

/** The live stream. */
export class StreamRoutes {
  @routeConfig(
    operation({
      method: 'get',
      path: '/v1/stream',
      access: 'read',
      tag: 'Events',
      id: 'streamEvents',
      summary: 'Events as they are stored, live (Server-Sent Events)',
      description:
        'Each message is an event as in `GET /v1/events`. `event: dropped` tells how many were left out because they came faster than they could be read; ' +
        '`event: end` tells that the stream ends (`shutdown`, or `expired` after an hour: connect again). A comment is sent every 15 s when nothing else is.',
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
