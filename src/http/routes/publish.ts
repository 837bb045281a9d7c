import { routeConfig, z } from 'koa-swagger-decorator';
import type { Address } from '../../broker/broker.js';
import { SetupError } from '../../errors.js';
import { memberTexts } from '../../events/json-text.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { type Answer, characters, durability, name } from '../schemas.js';

const message = {
  message: z
    .record(z.unknown())
    .openapi({ type: 'object', additionalProperties: true, description: 'Any JSON object, sent unchanged.' }),
  message_id: characters(1, 128).optional(),
};

const ToQueue = z
  .object({ queue: name.openapi({ description: 'By its name.' }), ...message })
  .strict()
  .openapi('PublicationToQueue');

const ToExchange = z
  .object({ exchange: name, routing_key: characters(0, 255).optional(), ...message })
  .strict()
  .openapi('PublicationToExchange');

const Publication = z.union([ToQueue, ToExchange]).openapi('Publication');
type Publication = z.output<typeof Publication>;

const PublicationReceipt = z.object({ durability }).openapi('PublicationReceipt');

/** Any message to any queue, for extractors and whatever else listens on the same RabbitMQ. */
export class PublishRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/publish',
      access: 'admin',
      tag: 'RabbitMQ',
      id: 'publishMessage',
      summary: 'Send a message to any queue or exchange of RabbitMQ',
      description:
        'The message goes where it is addressed and nowhere else; it is not an event. The queue or exchange must exist: otherwise the answer is 422.',
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
      answer: { status: 202, config: json('Confirmed by the broker.', PublicationReceipt, { durability: 'broker' }) },
      problems: [409, 422, 501],
    }),
  )
  async send(ctx: ApiContext): Promise<void> {
    const { durability, to } = await withJson(ctx, async (body, text) => {
      const publication = parsePublication(body);
      const to = addressOf(publication);
      // As it stands in the request: numbers keep their digits.
      const message = memberTexts(text).get('message') as string;
      try {
        return { to, durability: await ctx.services.backend.publishTo(to, message, publication.message_id) };
      } catch (error) {
        if (error instanceof SetupError) throw new HttpProblem('conflict', error.message);
        throw error;
      }
    });
    audit(ctx, { type: 'published', subject: nameOf(to) });
    ctx.status = 202;
    ctx.body = { durability } satisfies Answer<typeof PublicationReceipt>;
  }
}

/** One form or the other, so that what is wrong is said of the form that was meant. */
function parsePublication(body: unknown): Publication {
  const { queue, exchange, routing_key: key } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const toQueue = queue !== undefined;
  if (toQueue === (exchange !== undefined || key !== undefined)) {
    throw new HttpProblem('invalid-request', 'Give either queue, or exchange and routing_key.');
  }
  return (toQueue ? ToQueue : ToExchange).parse(body);
}

/** As people say it: `queue NAME`. */
function nameOf(address: Address): string {
  return 'queue' in address ? `queue ${address.queue}` : `exchange ${address.exchange}`;
}

function addressOf(publication: Publication): Address {
  if ('queue' in publication) return { queue: publication.queue };
  return { exchange: publication.exchange, routingKey: publication.routing_key ?? '' };
}
