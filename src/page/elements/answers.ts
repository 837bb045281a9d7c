import type { paths, Session } from '../../../openapi/api-types.js';

export type Method = 'GET' | 'POST' | 'DELETE';

/** What the daemon answers its page alone, and what is therefore not in the OpenAPI document. */
interface PageAnswers {
  'page/session': { readonly session: Session | null };
}

type WithoutSlash<Path> = Path extends `/${infer Rest}` ? Filled<Rest> : never;

/** `v1/keys/{name}` stands for each of its paths. */
type Filled<Path> = Path extends `${infer Start}/{${string}}` ? `${Start}/${string}` : Path;

/** Paths are relative to the page, since the daemon may stand behind a proxy under a path of its own. */
export type Path = keyof PageAnswers | WithoutSlash<keyof paths>;

type Success<Operation> = Operation extends { readonly responses: infer Responses }
  ? Responses[keyof Responses & (200 | 201 | 202 | 204)]
  : never;

type Body<Response> = Response extends { content: { readonly 'application/json': infer Body } } ? Body : undefined;

/** What a request that succeeds is answered with, as the OpenAPI document describes it. */
export type AnswerOf<P extends Path, M extends Method = 'GET'> = P extends keyof PageAnswers
  ? PageAnswers[P]
  : `/${P}` extends keyof paths
    ? Body<Success<paths[`/${P}`][Lowercase<M>]>>
    : undefined;
