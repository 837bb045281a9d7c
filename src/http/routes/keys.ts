import { routeConfig, z } from 'koa-swagger-decorator';
import { maxLimit, parseExpiry, parseOrigin } from '../../keys/entries.js';
import { isKeyName, KeyConflictError, type KeyLimits, misfit } from '../../keys/keys.js';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { HttpProblem } from '../problem.js';
import { withJson } from '../request-body.js';
import { empty, json, route } from '../route.js';
import { type Answer, count, epochMs, scope } from '../schemas.js';

const keyName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  .openapi({ description: '1 to 64 letters, digits, dots, dashes or underscores.', example: 'portal' });
const limit = z.number().int().min(1).max(maxLimit);

const KeyRequest = z
  .object({
    name: keyName,
    scopes: z.array(scope).min(1).max(4),
    expires: z
      .string()
      .max(64)
      .optional()
      .openapi({ description: 'A date, whose end it lasts to in UTC, or an ISO-8601 time with its zone.' }),
    origins: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(20)
      .optional()
      .openapi({ description: 'A browser may use it on pages of these origins only; `collect` needs one.' }),
    quota: limit.optional().openapi({ description: 'Requests a minute.' }),
    concurrency: limit.optional().openapi({ description: 'Requests at the same time.' }),
  })
  .strict()
  .openapi('KeyRequest');
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
      const request = KeyRequest.parse(body);
      const { name, scopes } = request;
      const limits = limitsOf(request);
      const wrong = misfit({ scopes, ...limits });
      if (wrong !== undefined) throw new HttpProblem('invalid-request', `The key ${wrong}.`);
      const key = orConflict(() => ctx.services.keys.make(name, scopes, limits));
      const { expires = null } = limits;
      audit(ctx, 'audit.key-made', { name, scopes, expires });
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
    audit(ctx, 'audit.key-revoked', { name });
    ctx.status = 204;
  }
}

function limitsOf({ expires: written, origins: named, quota, concurrency }: KeyRequest): KeyLimits {
  const expires = written === undefined ? undefined : parseExpiry(written);
  if (written !== undefined && expires === undefined)
    throw new HttpProblem('invalid-request', 'expires must be like 2026-12-31 or 2026-12-31T18:00:00Z.');
  const origins = named?.map(origin => {
    const parsed = parseOrigin(origin);
    if (parsed === undefined)
      throw new HttpProblem('invalid-request', 'origins must be like https://portal.example.org.');
    return parsed;
  });
  return {
    ...(expires === undefined ? {} : { expires }),
    ...(origins === undefined ? {} : { origins }),
    ...(quota === undefined ? {} : { quota }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

function orConflict<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof KeyConflictError) throw new HttpProblem('key-conflict', error.message);
    throw error;
  }
}
