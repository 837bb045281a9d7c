import { routeConfig, z } from 'koa-swagger-decorator';
import type { Address, MessageProperties } from '../../broker/broker.js';
import { SetupError } from '../../errors.js';
import { memberTexts } from '../../events/json-text.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { json, route } from '../route.js';
import { type Answer, characters, durability, given, name } from '../schemas.js';

/** What AMQP carries in one byte of length. */
const maxShortString = 255;
/** RabbitMQ takes no longer wait, ms. */
const maxExpirationMs = 4_294_967_295;
const maxHeaders = 100;

const shortString = characters(1, maxShortString).refine(
  text => Buffer.byteLength(text) <= maxShortString,
  `must have at most ${maxShortString} bytes`,
);

/** RabbitMQ sends a message on to the queues that these list, and closes the channel when they are no list. */
const routingHeaders: ReadonlySet<string> = new Set(['CC', 'BCC']);
const headerName = shortString.refine(
  name => !routingHeaders.has(name),
  'must be neither CC nor BCC, which would send the message elsewhere too',
);

/** A number beyond these bounds would reach the other side as another one. */
const headerValue = z.union([
  characters(0, 4_096),
  z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
  z.boolean(),
]);

const properties = z
  .object({
    reply_to: shortString.optional().openapi({ description: 'Queue that answers go to, such as the status of a job.' }),
    correlation_id: shortString.optional().openapi({ description: 'Comes back with each answer.' }),
    headers: z
      .record(headerName, headerValue)
      .refine(headers => Object.keys(headers).length <= maxHeaders, `must have at most ${maxHeaders} members`)
      .optional()
      .openapi({
        maxProperties: maxHeaders,
        description: 'Texts, numbers, true and false by name; a name has 1 to 255 bytes and is neither `CC` nor `BCC`.',
      }),
    content_type: shortString.optional().openapi({ description: '`application/json` by default.' }),
    expiration: z
      .number()
      .int()
      .min(0)
      .max(maxExpirationMs)
      .optional()
      .openapi({ description: 'How long it may wait in its queue, in milliseconds.' }),
    priority: z.number().int().min(0).max(255).optional(),
    persistent: z
      .boolean()
      .optional()
      .openapi({ description: 'Whether it survives a restart of RabbitMQ; true by default.' }),
  })
  .strict()
  .openapi('MessageProperties');

const message = {
  message: z
    .record(z.unknown())
    .openapi({ type: 'object', additionalProperties: true, description: 'Any JSON object, sent unchanged.' }),
  message_id: characters(1, 128).optional(),
  properties: properties.optional(),
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

/** As Clowder 1 has it (services/MessageService.scala): by the default exchange, with a queue that answers go to. */
const extractorJob = {
  queue: 'ncsa.image.preview',
  message: {
    notifies: [],
    msgid: '65a89ee0a4bbe9b699ba4bf2',
    id: '65a89edca4bbe9b699ba4be4',
    jobid: '65a89ee0a4bbe9b699ba4bf1',
    intermediateId: '65a89edca4bbe9b699ba4be4',
    fileSize: '48213',
    host: 'https://clowder.example.org',
    datasetId: '65a89e35a4bbe9b699ba4b8a',
    flags: '',
    secretKey: 'KEY',
    routing_key: 'extractors.ncsa.image.preview',
    source: {
      id: { resourceType: 'file', id: '65a89edca4bbe9b699ba4be4' },
      mimeType: 'image/tiff',
      extra: { filename: 'drone_survey.tif' },
    },
    activity: 'submitted',
    target: {},
    filename: 'drone_survey.tif',
    parameters: '{}',
  },
  properties: {
    reply_to: 'clowder.example',
    correlation_id: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
    content_type: 'application/json',
    persistent: true,
  },
};

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
        'The message goes where it is addressed and nowhere else; it is not an event. The queue or exchange must exist: otherwise the answer is 422. Its properties are those of AMQP; the example is a job as Clowder 1 sends it to an extractor.',
      body: {
        content: {
          'application/json': {
            schema: Publication,
            example: extractorJob,
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
        return { to, durability: await ctx.services.backend.publishTo(to, message, propertiesOf(publication)) };
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

function propertiesOf({ message_id: messageId, properties = {} }: Publication): MessageProperties {
  const { headers, priority, persistent } = properties;
  return given({
    messageId,
    replyTo: properties.reply_to,
    correlationId: properties.correlation_id,
    headers,
    contentType: properties.content_type,
    expirationMs: properties.expiration,
    priority,
    persistent,
  });
}

function addressOf(publication: Publication): Address {
  if ('queue' in publication) return { queue: publication.queue };
  return { exchange: publication.exchange, routingKey: publication.routing_key ?? '' };
}
