import { type routeConfig, z } from 'koa-swagger-decorator';
import type { Access } from './middleware/authentication.js';

type RouteConfig = Parameters<typeof routeConfig>[0];
type ResponseConfig = NonNullable<RouteConfig['responses']>[string];
type Content = NonNullable<ResponseConfig['content']>;
type Headers = NonNullable<ResponseConfig['headers']>;
type RequestConfig = NonNullable<RouteConfig['request']>;

/** The extension under which the document, and the access table, find what a route needs. */
export const accessExtension = 'x-access';

export type DocumentedRoute = RouteConfig & { readonly [accessExtension]: Access };

export interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: NonNullable<RequestConfig['query']>;
  readonly headers?: z.AnyZodObject;
  readonly body?: NonNullable<RequestConfig['body']>;
  /** What the route answers when all is well. */
  readonly answer: { readonly status: number; readonly config: ResponseConfig };
  /** Statuses of the problems that it answers with, beside those that follow from `access`, `query` and `body`. */
  readonly problems?: readonly number[];
}

/** One documented route. Answers that come with a key, a query or a body are added here, so that no route forgets one. */
export function operation(route: Operation): DocumentedRoute {
  const keyed = route.access !== 'open';
  const statuses = new Set([
    ...(route.query !== undefined || route.headers !== undefined || route.body !== undefined ? [400] : []),
    ...(keyed ? [401, 403, 429, 500, 503] : []),
    ...(route.body === undefined ? [] : [408, 413, 415]),
    ...(route.problems ?? []),
  ]);
  const problems = [...statuses]
    .sort((a, b) => a - b)
    .map(status => [String(status), problemAnswers[status]!] as const);
  return {
    method: route.method,
    path: route.path,
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(keyed ? { security: [{ ApiKey: [] }, { Bearer: [] }, { Session: [] }] } : { security: [] }),
    request: {
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.headers === undefined ? {} : { headers: route.headers }),
      ...(route.body === undefined ? {} : { body: { required: true, ...route.body } }),
    },
    responses: { [route.answer.status]: route.answer.config, ...Object.fromEntries(problems) },
    [accessExtension]: route.access,
  };
}

export function json(description: string, schema: z.ZodTypeAny, example?: unknown): ResponseConfig {
  return {
    description,
    headers: requestIdHeader,
    content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) } },
  };
}

export function content(description: string, types: Content): ResponseConfig {
  return { description, headers: requestIdHeader, content: types };
}

export function empty(description: string): ResponseConfig {
  return { description, headers: requestIdHeader };
}

const requestIdHeader: Headers = {
  'X-Request-Id': {
    description: 'The id of this request: yours, or one made here.',
    required: true,
    schema: { type: 'string' },
  },
};
const retryAfter: Headers = {
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
};
const authenticateHeader: Headers = {
  'WWW-Authenticate': { description: 'How to identify yourself.', required: true, schema: { type: 'string' } },
};

const Problem = z
  .object({
    type: z.string().openapi({ description: 'Which kind of problem, for programs.' }),
    title: z.string().openapi({ description: 'The kind in words.' }),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What is wrong with this request.' }),
    instance: z.string().openapi({ description: 'The id of the request; the log has it too.' }),
    errors: z
      .array(
        z.object({
          index: z.number().int().optional().openapi({ description: 'Position of the event in the request, from 0.' }),
          field: z.string().openapi({ description: 'Empty when it is the whole.' }),
          message: z.string(),
        }),
      )
      .optional()
      .openapi({ description: 'What is wrong, one by one; the first 100.' }),
    errors_total: z.number().int().optional().openapi({ description: 'How many there are, when the list is cut.' }),
  })
  .openapi('Problem', { description: 'A problem document (RFC 9457).' });

const problemAnswers: Readonly<Record<number, ResponseConfig>> = {
  400: problem('The request is not valid; nothing was done.', 'invalid-request', 'The request is not valid', 400),
  401: problem('No key, or an unknown one.', 'unauthenticated', 'A valid API key is needed', 401, authenticateHeader),
  403: problem('The key has not the scope that this needs.', 'forbidden', 'This key may not do that', 403),
  404: problem('There is no such thing.', 'not-found', 'There is no such thing here', 404),
  408: problem('The body did not arrive in time.', 'request-timeout', 'The request took too long to arrive', 408),
  409: problem('The broker refused the message, and says why.', 'conflict', 'The broker refused the message', 409),
  413: problem('The body is too large, or has too many events.', 'too-large', 'The request is too large', 413),
  415: problem(
    'Content type, charset or content encoding are not understood.',
    'unsupported-media-type',
    'This form of body is not understood',
    415,
  ),
  429: problem(
    'Too many failed attempts of this address, or too many requests of this key.',
    'too-many-requests',
    'Too many requests',
    429,
    retryAfter,
  ),
  500: problem(
    'A fault of the daemon; its log tells more under the request id.',
    'internal',
    'Something went wrong here',
    500,
  ),
  501: problem('This installation does not have that.', 'unsupported', 'This installation does not have that', 501),
  503: problem(
    'Not possible right now; nothing was accepted.',
    'unavailable',
    'Not possible right now',
    503,
    retryAfter,
  ),
};

function problem(
  description: string,
  kind: string,
  title: string,
  status: number,
  headers: Headers = {},
): ResponseConfig {
  const example = {
    type: `urn:event-sink:problem:${kind}`,
    title,
    status,
    detail: description,
    instance: '5f0c2b9e-1a',
  };
  return {
    description,
    headers: { ...requestIdHeader, ...headers } as Headers,
    content: { 'application/problem+json': { schema: Problem, example } },
  };
}
