import { Readable } from 'node:stream';
import { routeConfig, z } from 'koa-swagger-decorator';
import type { Receipt } from '../../erasure/receipt.js';
import type { Held } from '../../erasure/search.js';
import { whyRefused } from '../../people/refused-ids.js';
import { sinks } from '../../sinks/registry.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem, unavailable } from '../problem.js';
import { withJson } from '../request-body.js';
import { content, json, route } from '../route.js';
import { type Answer, characters, count, epochMs } from '../schemas.js';

/** Each is looked for everywhere, while nothing else is written. */
const maxIds = 10;

const people = z.object({
  ids: z.array(characters(4, 256)).min(1).max(maxIds).openapi({
    description:
      'What names them: ids as in `user_id`, and mail addresses or names that stand in events without the id. Refused are those that stand for nobody or say something else in events: fewer than 4 characters, numbers of fewer than 6 digits, names of categories, types, fields, sources and sinks.',
  }),
});
const PeopleRequest = people.strict().openapi('PeopleRequest');
const EraseRequest = people
  .extend({ dry_run: z.boolean().optional().openapi({ description: 'Only count what would be found.' }) })
  .strict()
  .openapi('EraseRequest');

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

const ErasurePreview = z
  .object({
    places: z.array(
      z.object({
        place: z.string(),
        found: count.nullable().openapi({
          description: 'Things that hold something of them; null: it cannot be searched, or not now.',
        }),
        reason: z.string().nullable().openapi({ description: 'Why it cannot be searched now, or not all of it was.' }),
      }),
    ),
  })
  .openapi('ErasurePreview');

const exampleIds = { ids: ['57e1b2c3d4e5f60718293a4b'] };
const examplePreview = {
  places: [
    { place: 'local store', found: 15, reason: null },
    { place: 'mongodb', found: null, reason: 'connect ECONNREFUSED' },
    { place: 'amplitude', found: null, reason: null },
  ],
} satisfies Answer<typeof ErasurePreview>;

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
        'From this daemon and from every destination that can be asked, one thing a line: `{place, data}`, or `{place, problem}` where a place cannot be asked now, or not all of it was seen. It goes through everything that there is, so there is one at a time: 503 while another is under way. It ends with the connection, and after an hour: the places that were not reached by then are lines with a `problem`.',
      body: { content: { 'application/json': { schema: PeopleRequest, example: exampleIds } } },
      answer: {
        status: 200,
        config: content('What is held, one thing a line.', { 'application/x-ndjson': { schema: z.string() } }),
      },
    }),
  )
  async export(ctx: ApiContext): Promise<void> {
    await withJson(ctx, async request => {
      const ids = await idsOf(PeopleRequest.parse(request), ctx);
      const held = searchOf(ctx).export(ids, untilGone(ctx));
      // Also when the answer has not begun to be read: the next search waits for the end of this one.
      ctx.res.once('close', () => void held.return(undefined).catch(() => undefined));
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
        'Their events go whole; in events of others, their fields go. It is durable once this is answered, and goes on after a restart; nothing of them is let in or delivered from then on. Asked again, it is carried out again, and finds nothing. With `dry_run` nothing is erased: what would be found is counted, one search at a time and for an hour at most, as in an export.',
      body: { content: { 'application/json': { schema: EraseRequest, example: exampleIds } } },
      answer: { status: 202, config: json('The receipt, which holds nothing personal.', ErasureReceipt, example) },
      others: { 200: json('Of `dry_run`: what would be found.', ErasurePreview, examplePreview) },
    }),
  )
  async erase(ctx: ApiContext): Promise<void> {
    await withJson(ctx, async body => {
      const { dry_run: dryRun = false, ...request } = EraseRequest.parse(body);
      const ids = await idsOf(request, ctx);
      if (dryRun) {
        const places = await searchOf(ctx).preview(ids, untilGone(ctx));
        ctx.body = { places } satisfies Answer<typeof ErasurePreview>;
        return;
      }
      const receipt = await ctx.services.backend.erasures.erase(ids);
      audit(ctx, { type: 'people_erased', subject: receipt.id, count: ids.length });
      ctx.body = answerOf(receipt) satisfies Answer<typeof ErasureReceipt>;
      ctx.status = 202;
    });
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

/** A destination that does not answer keeps the next search waiting for so long, ms. */
const searchMs = 3_600_000;

function searchOf({ services }: ApiContext): ApiContext['services']['backend']['erasures']['search'] {
  const { search } = services.backend.erasures;
  if (search.isBusy) throw unavailable('Another search for people is under way, and there is one at a time.', 30_000);
  return search;
}

/** Aborts when nobody waits for the answer any more, or for too long. */
function untilGone({ res }: ApiContext): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, AbortSignal.timeout(searchMs)]);
}

/** Whoever erases nobody, or a word that says something else, would erase what belongs to everybody. */
async function idsOf({ ids }: z.output<typeof people>, { services }: ApiContext): Promise<string[]> {
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
