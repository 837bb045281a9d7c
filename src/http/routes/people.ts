import { Readable } from 'node:stream';
import { routeConfig, z } from 'koa-swagger-decorator';
import type { Held } from '../../erasure/erasures.js';
import type { Receipt } from '../../erasure/receipt.js';
import { whyRefused } from '../../people/refused-ids.js';
import { sinks } from '../../sinks/registry.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { content, json, route } from '../route.js';
import { type Answer, characters, count, epochMs } from '../schemas.js';

/** Each is looked for everywhere, while nothing else is written. */
const maxIds = 10;

const PeopleRequest = z
  .object({
    ids: z.array(characters(4, 256)).min(1).max(maxIds).openapi({
      description:
        'What names them: ids as in `user_id`, and mail addresses or names that stand in events without the id. Refused are those that stand for nobody or say something else in events: fewer than 4 characters, numbers of fewer than 6 digits, names of categories, types, fields, sources and sinks.',
    }),
  })
  .strict()
  .openapi('PeopleRequest');

const ErasureReceipt = z
  .object({
    id: z.string(),
    asked: epochMs,
    state: z.enum(['pending', 'done']).openapi({ description: 'Pending while a place is.' }),
    finished: epochMs.nullable(),
    people: z.array(z.string()).openapi({ description: 'A keyed hash of each id: nothing here names anybody.' }),
    places: z.array(
      z.object({
        place: z.string(),
        state: z.enum(['done', 'pending', 'left']).openapi({
          description:
            'done; pending: it is tried again, `reason` says why; left: this daemon cannot do it, `steps` say who can.',
        }),
        erased: count.openapi({ description: 'Events, documents or messages that are gone.' }),
        changed: count.openapi({ description: 'Those that are there without the person.' }),
        steps: z.array(z.string()),
        reason: z.string().nullable(),
        at: epochMs.nullable().openapi({ description: 'When it was last tried.' }),
      }),
    ),
  })
  .openapi('ErasureReceipt');

const ErasureList = z.object({ erasures: z.array(ErasureReceipt) }).openapi('ErasureList');

const example = {
  id: '018e0a3cf1ce0000a3f1c2d4e5b60718',
  asked: 1709544703342,
  state: 'pending',
  finished: null,
  people: ['5d3aa1f0c7b24e6d9a0b1c2d3e4f5061'],
  places: [
    { place: 'local store', state: 'done', erased: 12, changed: 3, steps: [], reason: null, at: 1709544704001 },
    {
      place: 'mongodb',
      state: 'pending',
      erased: 0,
      changed: 0,
      steps: [],
      reason: 'connect ECONNREFUSED',
      at: 1709544704020,
    },
  ],
} satisfies Answer<typeof ErasureReceipt>;

const body = {
  content: { 'application/json': { schema: PeopleRequest, example: { ids: ['57e1b2c3d4e5f60718293a4b'] } } },
};

/** What is held of people, and an end to it. */
export class PeopleRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/people/export',
      access: 'admin',
      tag: 'People',
      id: 'exportPeople',
      summary: 'Export everything that is held of people',
      description:
        'From this daemon and from every destination that can be asked, one thing a line: `{place, data}`, or `{place, problem}` where a place cannot be asked now.',
      body,
      answer: {
        status: 200,
        config: content('What is held, one thing a line.', { 'application/x-ndjson': { schema: z.string() } }),
      },
    }),
  )
  async export(ctx: ApiContext): Promise<void> {
    await withJson(ctx, async request => {
      const held = ctx.services.backend.erasures.export(await idsOf(request, ctx), AbortSignal.timeout(exportMs));
      // Whatever is wrong with this daemon is found before the answer begins.
      const first = await held.next();
      ctx.type = 'application/x-ndjson';
      ctx.body = Readable.from(lines(first, held), { objectMode: false });
    });
    audit(ctx, { type: 'people_exported' });
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/people/erase',
      access: 'admin',
      tag: 'People',
      id: 'erasePeople',
      summary: 'Erase people',
      description:
        'Their events go whole; in events of others, their fields go. It is durable once this is answered, and goes on after a restart; nothing of them is let in or delivered from then on. Asked again, it is carried out again, and finds nothing.',
      body,
      answer: { status: 202, config: json('The receipt, which holds nothing personal.', ErasureReceipt, example) },
    }),
  )
  async erase(ctx: ApiContext): Promise<void> {
    ctx.body = (await withJson(ctx, async request => {
      const ids = await idsOf(request, ctx);
      const receipt = await ctx.services.backend.erasures.erase(ids);
      audit(ctx, { type: 'people_erased', subject: receipt.id, count: ids.length });
      return answerOf(receipt);
    })) satisfies Answer<typeof ErasureReceipt>;
    ctx.status = 202;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/v1/people/erasures',
      access: 'admin',
      tag: 'People',
      id: 'listErasures',
      summary: 'List the receipts of erasures',
      answer: { status: 200, config: json('The newest hundred, newest first.', ErasureList, { erasures: [example] }) },
    }),
  )
  async list(ctx: ApiContext): Promise<void> {
    const erasures = (await ctx.services.backend.erasures.list()).map(answerOf);
    ctx.body = { erasures } satisfies Answer<typeof ErasureList>;
  }
}

/** A destination that does not answer ends an export, ms. */
const exportMs = 10 * 60_000;

/** Whoever erases nobody, or a word that says something else, would erase what belongs to everybody. */
async function idsOf(request: unknown, { services }: ApiContext): Promise<string[]> {
  const { ids } = PeopleRequest.parse(request);
  const { sinks: configured } = await services.backend.status();
  const names = [...sinks.map(({ name }) => name), ...configured.map(({ sink }) => sink)];
  for (const [index, id] of ids.entries()) {
    const why = whyRefused(id, names);
    if (why !== undefined) throw new HttpProblem('invalid-request', `ids[${index}] ${why}.`);
  }
  return ids;
}

async function* lines(first: IteratorResult<Held>, rest: AsyncGenerator<Held>): AsyncGenerator<string> {
  if (first.done === true) return;
  yield `${JSON.stringify(first.value)}\n`;
  for await (const held of rest) yield `${JSON.stringify(held)}\n`;
}

function answerOf(receipt: Receipt): Answer<typeof ErasureReceipt> {
  const places = receipt.places.map(place => ({ ...place, steps: [...place.steps] }));
  return { ...receipt, people: [...receipt.people], places };
}
