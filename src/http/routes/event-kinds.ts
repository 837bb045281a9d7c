import { routeConfig, z } from 'koa-swagger-decorator';
import type { Kind } from '../../events/kind.js';
import type { ApiContext } from '../context.js';
import { itemBody, receiptExample } from '../examples.js';
import { ingestEvents } from '../ingest.js';
import { HttpProblem } from '../problem.js';
import { accepted, PublishHeaders, ReceiptSchema } from '../receipt.js';
import { json, route } from '../route.js';
import { characters, name } from '../schemas.js';

const category = characters(1, 128).openapi({
  description: 'The category of every event of the request.',
  example: 'upload',
});
const type = name.openapi({ description: 'The type of every event of the request.', example: 'dataset' });

const description =
  'As `POST /v1/events`, in everything; what the path says need not stand in the events, and one that says otherwise is refused. ' +
  'Any category is legal; those of the catalogue have a path of their own in this document, with their fields.';

const common = {
  method: 'post',
  access: 'publish',
  tag: 'Events of one kind',
  description,
  headers: PublishHeaders,
  body: itemBody({ $ref: '#/components/schemas/OtherFields' }, { resource_name: 'survey.tif', size: 21_830 }),
  answer: { status: 202, config: json('Accepted and durable.', ReceiptSchema, receiptExample) },
  problems: [422],
} as const;

/** An endpoint for each kind of event. The document has a path for each one of the catalogue: see kind-paths.ts. */
export class EventKindRoutes {
  @routeConfig(
    route({
      ...common,
      path: '/v1/events/{category}',
      id: 'publishEventsOfCategory',
      summary: 'Send events of one category',
      params: z.object({ category }),
    }),
  )
  async ofCategory(ctx: ApiContext): Promise<void> {
    accepted(ctx, await ingestEvents(ctx, kindOf(ctx)));
  }

  @routeConfig(
    route({
      ...common,
      path: '/v1/events/{category}/{type}',
      id: 'publishEventsOfType',
      summary: 'Send events of one category and type',
      params: z.object({ category, type }),
    }),
  )
  async ofType(ctx: ApiContext): Promise<void> {
    accepted(ctx, await ingestEvents(ctx, kindOf(ctx)));
  }
}

function kindOf(ctx: ApiContext): Kind {
  try {
    // The router leaves as it is what it cannot decode.
    decodeURIComponent(ctx.path);
  } catch {
    throw new HttpProblem('invalid-request', 'The path is not percent-encoded UTF-8.');
  }
  return (ctx as unknown as { params: Kind }).params;
}
