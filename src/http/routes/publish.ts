import { routeConfig } from 'koa-swagger-decorator';
import type { Address } from '../../broker/broker.js';
import { SetupError } from '../../errors.js';
import type { ApiContext } from '../context.js';
import { withJson } from '../ingest.js';
import { json, operation } from '../operation.js';
import { Problem } from '../problem.js';
import { Publication, Published } from '../schemas.js';

/** Any message to any queue, for extractors and whatever else listens on the same RabbitMQ. */
export class PublishRoutes {
  @routeConfig(
    operation({
      method: 'post',
      path: '/v1/publish',
      access: 'admin',
      tag: 'RabbitMQ',
      id: 'publishMessage',
      summary: 'Send a message to any queue or exchange of RabbitMQ',
      description:
        'The message goes where it is addressed and nowhere else; it is no event. The queue or exchange must be there.',
      body: {
        content: {
          'application/json': {
            schema: Publication,
            example: {
              queue: 'ncsa.image.preview',
              message: { id: '65a89edca4bbe9b699ba4be4', filename: 'drone_survey.tif' },
            },
          },
        },
      },
      answer: { status: 202, config: json('Confirmed by the broker.', Published, { durability: 'broker' }) },
      problems: [409, 501],
    }),
  )
  async send(ctx: ApiContext): Promise<void> {
    const durability = await withJson(ctx, async body => {
      const publication = Publication.parse(body);
      const { message, message_id: messageId } = publication;
      try {
        return await ctx.services.backend.publishTo(addressOf(publication), JSON.stringify(message), messageId);
      } catch (error) {
        if (error instanceof SetupError) throw new Problem('conflict', error.message);
        throw error;
      }
    });
    ctx.status = 202;
    ctx.body = { durability };
  }
}

function addressOf({ queue, exchange, routing_key: routingKey }: Publication): Address {
  if (queue !== undefined && exchange === undefined && routingKey === undefined) return { queue };
  if (queue === undefined && exchange !== undefined) return { exchange, routingKey: routingKey ?? '' };
  throw new Problem('invalid-request', 'Give either queue, or exchange and routing_key.');
}
