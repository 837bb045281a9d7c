import { routeConfig, z } from 'koa-swagger-decorator';
import { dayOrMomentPattern } from '../../events/timestamp.js';
import { maxLimit, parseExpiry } from '../../keys/entries.js';
import { isKeyName, KeyConflictError, misfit } from '../../keys/keys.js';
import { maxOriginLength, originPattern, parseRequestOrigin } from '../../keys/origin.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { empty, json, route } from '../route.js';
import { type Answer, count, epochMs, given, scope } from '../schemas.js';

const keyName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  .openapi({ description: '1 to 64 letters, digits, dots, dashes or underscores.', example: 'portal' });
const limit = z.number().int().min(1).max(maxLimit);

const limits = {
  name: keyName,
  expires: z
    .string()
    .transform((text, ctx) => {
      const expires = parseExpiry(text);
      if (expires === undefined)
        ctx.addIssue({ code: 'custom', message: 'must be like 2026-12-31 or 2026-12-31T18:00:00Z' });
      return expires ?? z.NEVER;
    })
    .optional()
    .openapi({
      type: 'string',
      pattern: dayOrMomentPattern,
      description: 'A date, whose end it lasts to in UTC, or an ISO-8601 time with its zone.',
    }),
  quota: limit.optional().openapi({ description: 'Requests a minute.' }),
  concurrency: limit.optional().openapi({ description: 'Requests at the same time.' }),
};
const origins = z
  .array(
    z
      .string()
      .transform((text, ctx) => {
        const origin = parseRequestOrigin(text);
        if (origin === undefined) ctx.addIssue({ code: 'custom', message: 'must be like https://portal.example.org' });
        return origin ?? z.NEVER;
      })
      .openapi({ type: 'string', maxLength: maxOriginLength, pattern: originPattern }),
  )
  .min(1)
  .max(20)
  .openapi({ description: 'A browser may use it on pages of these origins only.' });

const ForPrograms = z
  .object({
    ...limits,
    scopes: z
      .array(scope.exclude(['collect']))
      .min(1)
      .max(3),
    origins: origins.optional(),
  })
  .strict()
  .openapi('KeyForPrograms');

/** Whoever looks at the page has such a key: it can do nothing else. */
const ForPages = z
  .object({ ...limits, scopes: z.array(z.literal('collect')).min(1).max(1), origins })
  .strict()
  .openapi('KeyForPages');

const KeyRequest = z.union([ForPrograms, ForPages]).openapi('KeyRequest');
type KeyRequest = z.output<typeof KeyRequest>;

const NewKey = z
  .object({
    name: z.string(),
    key: z.string().openapi({ description: 'The key itself: kept nowhere, and shown only now.' }),
    scopes: z.array(scope),
    expires: epochMs.nullable(),
  })
  .openapi('NewKey');

const ListedKey = z
  .object({
    name: z.string(),
    scopes: z.array(scope),
    expires: epochMs.nullable(),
    expired: z.boolean(),
    origins: z.array(z.string()),
    quota: limit.nullable(),
    concurrency: limit.nullable(),
    source: z.enum(['settings', 'file', 'first-start', 'made']).openapi({
      description: 'API_KEYS, API_KEYS_FILE, the first start, or `POST /v1/keys`. Only the last can be revoked here.',
    }),
    requests: count.openapi({ description: 'Requests that it was let through with.' }),
    last_used: epochMs.nullable(),
  })
  .openapi('ListedKey');

const KeyList = z.object({ keys: z.array(ListedKey) }).openapi('KeyList');

/** Keys, without the keys: who may do what, since when nobody has used it, and an end to it. */
export class KeyRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/keys',
      access: 'admin',
      tag: 'Keys',
      id: 'listKeys',
      summary: 'List the keys, their scopes and their last use',
      answer: {
        status: 200,
        config: json('Every key, by name; never the key or its hash.', KeyList, {
          keys: [
            {
              name: 'portal',
              scopes: ['publish'],
              expires: 1735689600000,
              expired: false,
              origins: [],
              quota: 600,
              concurrency: null,
              source: 'made',
              requests: 1204,
              last_used: 1709544703342,
            },
          ],
        }),
      },
    }),
  )
  async list(ctx: ApiContext): Promise<void> {
    const keys = ctx.services.keys.list().map(({ key, source, use, expired }) => ({
      name: key.name,
      scopes: key.scopes,
      expires: key.expires ?? null,
      expired,
      origins: key.origins ?? [],
      quota: key.quota ?? null,
      concurrency: key.concurrency ?? null,
      source,
      requests: use?.requests ?? 0,
      last_used: use?.last ?? null,
    }));
    ctx.body = { keys } satisfies Answer<typeof KeyList>;
  }

  @routeConfig(
    route({
      method: 'post',
      path: '/v1/keys',
      access: 'admin',
      tag: 'Keys',
      id: 'makeKey',
      summary: 'Make a key',
      description: 'It holds from the answer on, and across restarts. The daemon keeps its hash alone.',
      body: {
        content: {
          'application/json': { schema: KeyRequest, example: { name: 'portal', scopes: ['publish'], quota: 600 } },
        },
      },
      answer: {
        status: 201,
        config: json('The key, shown only now.', NewKey, {
          name: 'portal',
          key: 'es_…',
          scopes: ['publish'],
          expires: null,
        }),
      },
      problems: [409],
    }),
  )
  async make(ctx: ApiContext): Promise<void> {
    ctx.body = (await withJson(ctx, async body => {
      const { name, scopes: asked, ...rest } = parseRequest(body);
      const scopes = [...new Set(asked)];
      const limits = given(rest);
      const key = orConflict(() => ctx.services.keys.make(name, scopes, limits));
      const { expires = null } = limits;
      audit(ctx, { type: 'key_made', subject: name, message: scopes.join('+') });
      return { name, key, scopes, expires };
    })) satisfies Answer<typeof NewKey>;
    ctx.status = 201;
  }

  @routeConfig(
    route({
      method: 'delete',
      path: '/v1/keys/{name}',
      access: 'admin',
      tag: 'Keys',
      id: 'revokeKey',
      summary: 'Revoke a key that was made here',
      description:
        'At once, with its sessions. A key of API_KEYS or API_KEYS_FILE is taken out there: the answer is 409.',
      params: z.object({ name: keyName }),
      answer: { status: 204, config: empty('Revoked.') },
      problems: [404, 409],
    }),
  )
  async revoke(ctx: ApiContext): Promise<void> {
    const { name = '' } = (ctx as unknown as { params: { name?: string } }).params;
    if (!isKeyName(name) || !orConflict(() => ctx.services.keys.revoke(name)))
      throw new HttpProblem('not-found', 'There is no key of that name.');
    audit(ctx, { type: 'key_revoked', subject: name });
    ctx.status = 204;
  }
}

/** One form or the other, so that what is wrong is said of the form that was meant. */
function parseRequest(body: unknown): KeyRequest {
  const { scopes, origins } = (body ?? {}) as { readonly scopes?: unknown; readonly origins?: unknown };
  if (!Array.isArray(scopes) || !scopes.includes('collect')) return ForPrograms.parse(body);
  const wrong = misfit({ scopes, ...(Array.isArray(origins) ? { origins } : {}) });
  if (wrong !== undefined) throw new HttpProblem('invalid-request', `The key ${wrong}.`);
  return ForPages.parse(body);
}

function orConflict<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof KeyConflictError) throw new HttpProblem('key-conflict', error.message);
    throw error;
  }
}
