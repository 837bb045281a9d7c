import { routeConfig, z } from 'koa-swagger-decorator';
import { stringifyExact } from '../../events/digits.js';
import { sources } from '../../events/message.js';
import { outcomes } from '../../explain/explanation.js';
import { InputError, type InputKind, inputKinds } from '../../explain/input.js';
import { personalLevels } from '../../people/personal-data.js';
import { answerJson } from '../answer.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { bodyForm, withText } from '../request-body.js';
import { json, route } from '../route.js';
import { type Answer, epochMs } from '../schemas.js';

const ExplainQuery = z
  .object({
    as: z.enum(inputKinds).optional().openapi({
      default: 'event',
      description:
        'How it comes in. `event`: as `/v1/events` takes JSON. `cloudevent`: CloudEvents in the JSON format. `clowder`: a message of the exchange of RabbitMQ. `nginx`: lines of the access log. `amplitude`: the upload of a page. Of `clowder` and `nginx` the body may be a JSON string: the text itself.',
    }),
  })
  .strict();
type ExplainQuery = z.output<typeof ExplainQuery>;

const names = z.array(z.string());
const anything = z.object({}).passthrough().openapi({ type: 'object', additionalProperties: true });

const ExplainedEvent = z
  .object({
    id: z.string(),
    created: epochMs,
    category: z.string(),
    type: z.string().nullable(),
    source: z.enum(sources),
    sinks: names.nullable().openapi({ description: 'The only sinks that it is for; null = all.' }),
    fields: anything,
    text: z.string().optional().openapi({ description: 'A body that is not an event.' }),
  })
  .openapi('ExplainedEvent');

const SinkExplanation = z
  .object({
    outcome: z.enum(outcomes).openapi({
      description:
        '`delivered`: `output` arrives. `filtered`, `too_old`: it is left out, and counted as such. `refused`: it becomes a dead letter. `ignored`: the sink takes it, and nothing of it arrives. `held`: the sink cannot start. `not_addressed`: it is for other sinks alone.',
    }),
    reason: z.string().optional().openapi({ description: 'Why it is not delivered.' }),
    personal: z
      .object({ level: z.enum(personalLevels), left_out: names, replaced: names, added: names })
      .optional()
      .openapi({ description: 'Fields that the sink’s personal data setting changes; absent where it changes none.' }),
    context: names.optional().openapi({ description: 'Fields that are known beside the event and were added to it.' }),
    output: anything.optional().openapi({ description: 'What arrives, by the destination’s own words.' }),
    notes: z.array(z.object({ what: z.string(), field: z.string().optional() }).openapi('ExplanationNote')).openapi({
      description: 'What the destination does not take as it came, and what is decided only when it is there.',
    }),
  })
  .openapi('SinkExplanation');

const Explanation = z
  .object({
    event: ExplainedEvent.nullable().openapi({
      description: 'Null: it is refused on arrival, or nothing becomes of it.',
    }),
    refused: z
      .array(z.object({ field: z.string(), message: z.string() }).openapi('ExplainedRefusal'))
      .openapi({ description: 'Why it is refused on arrival; empty = it is not.' }),
    sinks: z.record(SinkExplanation).openapi({ description: 'By name.' }),
  })
  .openapi('Explanation');

const Explanations = z.object({ explanations: z.array(Explanation) }).openapi('Explanations');

const forms = {
  'application/json': 'json',
  'application/x-ndjson': 'lines',
  'application/ndjson': 'lines',
} as const;

/** Each is made ready for every sink. */
const maxEvents = 100;

/** Try before it counts. */
export class ExplainRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/explain',
      access: 'admin',
      tag: 'Events',
      id: 'explainEvents',
      summary: 'What an event would become at each sink',
      description: `Nothing is published, stored, counted or sent. At most ${maxEvents} events; the answer about one is an \`Explanation\`, that about another number a list of them. What an event is refused for on arrival stands in the answer; 400 is a body that is not of its kind.`,
      query: ExplainQuery,
      body: {
        content: {
          'application/json': {
            schema: { description: 'By `as`.' },
            example: { category: 'view_resource', type: 'dataset' },
          },
          'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } },
        },
      },
      answer: { status: 200, config: json('What would become of it.', z.union([Explanation, Explanations])) },
    }),
  )
  async explain(ctx: ApiContext, { query }: { query: ExplainQuery }): Promise<void> {
    bodyForm(ctx, forms);
    const explanations = await withText(ctx, text => explanationsOf(ctx, text, query.as ?? 'event'));
    const [only] = explanations;
    const answer = (explanations.length === 1 && only !== undefined ? only : { explanations }) satisfies
      | Answer<typeof Explanation>
      | Answer<typeof Explanations>;
    answerJson(ctx, stringifyExact(answer));
  }
}

async function explanationsOf(ctx: ApiContext, body: string, as: InputKind) {
  const text = as === 'nginx' || as === 'clowder' ? (stringIn(body) ?? body) : body;
  try {
    const explanations = await ctx.services.backend.explain(text, as, maxEvents);
    return explanations;
  } catch (error) {
    throw error instanceof InputError
      ? new HttpProblem('invalid-request', `The body cannot be read: ${error.message}.`)
      : error;
  }
}

/** What a JSON string says. */
function stringIn(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
