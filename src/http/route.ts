import type { routeConfig, z } from 'koa-swagger-decorator';
import type { Access } from './middleware/authentication.js';
import { problemAnswers, requestIdHeader } from './problem-document.js';

type RouteConfig = Parameters<typeof routeConfig>[0];
type ResponseConfig = NonNullable<RouteConfig['responses']>[string];
type Content = NonNullable<ResponseConfig['content']>;
type RequestConfig = NonNullable<RouteConfig['request']>;

/** The extension under which the document, and the access table, find what a route needs. */
export const accessExtension = 'x-access';

export type DocumentedRoute = RouteConfig & { readonly [accessExtension]: Access };

export interface Route {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly access: Access;
  readonly tag: string;
  /** Names it in generated clients. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: NonNullable<RequestConfig['query']>;
  /** Parts of the path, `{name}`. */
  readonly params?: NonNullable<RequestConfig['params']>;
  readonly headers?: z.AnyZodObject;
  readonly body?: NonNullable<RequestConfig['body']>;
  /** The answer on success. */
  readonly answer: { readonly status: number; readonly config: ResponseConfig };
  /** Statuses of the problems it answers with, beside those that follow from `access`, `query` and `body`. */
  readonly problems?: readonly number[];
  /** Answers that are not problem documents, by status. */
  readonly others?: Readonly<Record<number, ResponseConfig>>;
}

/**
 * One documented route. Answers that come with a key, a query or a body are added here, so that no route forgets one.
 */
export function route(route: Route): DocumentedRoute {
  const keyed = route.access !== 'open';
  const statuses = new Set([
    ...(route.params !== undefined ||
    route.query !== undefined ||
    route.headers !== undefined ||
    route.body !== undefined
      ? [400]
      : []),
    ...(keyed ? [401, 403, 429, 500, 503] : []),
    ...(route.body === undefined ? [] : [408, 413, 415]),
    431,
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
      ...(route.params === undefined ? {} : { params: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(route.headers === undefined ? {} : { headers: route.headers }),
      ...(route.body === undefined ? {} : { body: { required: true, ...route.body } }),
    },
    responses: { [route.answer.status]: route.answer.config, ...Object.fromEntries(problems), ...route.others },
    [accessExtension]: route.access,
  };
}

export function json(description: string, schema: z.ZodTypeAny, example?: unknown): ResponseConfig {
  return content(description, {
    'application/json': { schema, ...(example === undefined ? {} : { example }) },
  });
}

export function content(description: string, types: Content): ResponseConfig {
  return { description, headers: requestIdHeader, content: types };
}

export function empty(description: string): ResponseConfig {
  return { description, headers: requestIdHeader };
}
