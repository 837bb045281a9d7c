import { readText } from './body.js';
import { type ApiContext, hasBody } from './context.js';
import { HttpProblem } from './problem.js';

const jsonForm = { 'application/json': 'json' } as const;

/** Reads a JSON body and calls back; its bytes count as in flight until the call has settled. */
export async function withJson<Result>(
  ctx: ApiContext,
  use: (body: unknown, text: string) => Promise<Result>,
): Promise<Result> {
  bodyForm(ctx, jsonForm);
  return withText(ctx, text => use(parseJson(text), text));
}

/** The same for a body of any form, as text. */
export async function withText<Result>(ctx: ApiContext, use: (text: string) => Promise<Result>): Promise<Result> {
  const { inFlight, inFlightOfStrangers, settings } = ctx.services;
  const reservation = (ctx.state.key === undefined ? inFlightOfStrangers : inFlight).reservation();
  try {
    return await use(await readText(ctx.req, ctx.res, settings, reservation));
  } finally {
    reservation.release();
  }
}

/**
 * The form of the body among those that the route supports, by content type.
 * @throws HttpProblem 400 without a body, 415 for one that is not supported
 */
export function bodyForm<Form extends string>(ctx: ApiContext, supported: Readonly<Record<string, Form>>): Form {
  if (!hasBody(ctx.req)) throw new HttpProblem('invalid-request', 'The request has no body.');
  const header = ctx.req.headers['content-type'] ?? '';
  const usual = Object.hasOwn(supported, header) ? supported[header] : undefined;
  if (usual !== undefined) return usual;
  const [type = '', ...parameters] = header.split(';').map(part => part.trim().toLowerCase());
  const form = Object.hasOwn(supported, type) ? supported[type] : undefined;
  const charset = parameters.find(parameter => parameter.startsWith('charset='))?.slice('charset='.length);
  if (form !== undefined && (charset === undefined || /^"?utf-?8"?$/.test(charset))) return form;
  const accepted = Object.keys(supported).join(', ');
  throw new HttpProblem(
    'unsupported-media-type',
    `Send the body as ${accepted}, encoded in UTF-8, and declare it in Content-Type.`,
    { headers: { Accept: accepted } },
  );
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpProblem('invalid-request', `The body is not JSON: ${(error as Error).message}`);
  }
}
