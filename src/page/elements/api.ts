import type { ProblemDocument, Status } from '../../../openapi/api-types.js';
import type { AnswerOf, Method, Path } from './answers.js';

/** Events are kept here too, so they can be queried. */
export const hasStore = ({ sinks }: Status): boolean => sinks.some(({ queryable }) => queryable);

/** The daemon answered that it could not, or would not. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The daemon did not answer. */
export class Unreachable extends Error {}

/** The event that the window gets when the session has ended: the page asks for a key again. */
export const signedOut = 'event-sink-signed-out';

const timeoutMs = 10_000;

export interface Request<M extends Method = Method> {
  readonly method?: M;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks the daemon's API. What it answers is typed by path and method, as `openapi/api-types.d.ts` has them.
 * @throws Refused, Unreachable
 */
export async function ask<P extends Path, M extends Method = 'GET'>(
  path: P,
  { method: asked, query = {}, body, headers = {} }: Request<M> = {},
): Promise<AnswerOf<P, M>> {
  const method: Method = asked ?? 'GET';
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${path}${search}`, {
      method,
      // The header proves that the request is this page's own: another site's form cannot set one.
      headers: {
        ...(method === 'GET' ? {} : { 'X-Requested-With': 'event-sink' }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch {
    throw new Unreachable('The daemon is not answering.');
  }
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as AnswerOf<P, M>;
  if (response.status === 401 && headers['X-API-Key'] === undefined) window.dispatchEvent(new Event(signedOut));
  throw new Refused(response.status, detailOf(text) ?? `The daemon answered ${response.status}.`);
}

/** What a problem document says is wrong: each field, where it names some. */
function detailOf(text: string): string | undefined {
  try {
    const { detail, errors = [] } = JSON.parse(text) as Partial<ProblemDocument>;
    if (errors.length > 0) return `${errors.map(({ field, message }) => `${field}: ${message}`).join('; ')}.`;
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}
