import { randomBytes } from 'node:crypto';
import type { Middleware } from 'koa';
import { describe } from '../../errors.js';
import { boundAnswer } from '../answer.js';
import { discardRest, type Incoming } from '../body.js';
import type { ApiContext } from '../context.js';
import { ClientGone, HttpProblem, toProblem } from '../problem.js';
import { problemDocument, problemType } from '../problem-document.js';

/** The rest of a refused body is read and discarded up to here; then the connection is cut. */
const discardedBytes = 8 * 1024 * 1024;
/** The status under which other servers, nginx first, count a request whose client went away. */
const clientGoneStatus = 499;
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);

/**
 * The outermost middleware: gives a request its id, sets the headers of every answer, answers errors,
 * measures, and logs one line at debug.
 */
export function answerRequest(): Middleware {
  const nextId = requestIds();
  return async (context, next) => {
    const ctx = context as unknown as ApiContext;
    const { clock, metrics, log, closing } = ctx.services;
    const began = clock.monotonic();
    const id = givenId(ctx) ?? nextId();
    ctx.state.requestId = id;
    ctx.res.setHeader('X-Request-Id', id);
    ctx.res.setHeader('X-Content-Type-Options', 'nosniff');
    ctx.res.setHeader('Cache-Control', 'no-store');
    if (closing()) ctx.res.setHeader('Connection', 'close');
    let status: number;
    try {
      requireOneReading(ctx.req);
      await next();
      if (ctx.respond !== false) boundAnswer(ctx);
      ({ status } = ctx);
    } catch (error) {
      status = answerError(ctx, error);
    }
    const method = knownMethods.has(ctx.method) ? ctx.method : 'other';
    const route = ctx._matchedRoute ?? 'none';
    const duration = clock.monotonic() - began;
    metrics.request(method, route, status, duration);
    log.debug({ requestId: id, method, route, status, duration, key: ctx.state.key?.name }, 'request.answered');
  };
}

/** Cheap, and different from those of other daemons. */
export function requestIds(): () => string {
  const prefix = randomBytes(5).toString('hex');
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}

/**
 * @throws HttpProblem where a proxy in front could have read another request than this daemon
 * does, or waits for what never comes
 */
function requireOneReading(request: Incoming): void {
  const { headers, rawHeaders, httpVersion, url = '' } = request;
  if (request.expectsOther) {
    throw new HttpProblem('expectation-failed', 'The only expectation that is met here is 100-continue.', closes);
  }
  if (headers.host === undefined) {
    if (httpVersion !== '1.0') throw new HttpProblem('invalid-request', 'The header Host is missing.', closes);
  } else if (hostsIn(rawHeaders) > 1) {
    throw new HttpProblem('invalid-request', 'There is more than one header Host.', closes);
  }
  if (!url.startsWith('/') && !(url === '*' && request.method === 'OPTIONS')) {
    throw new HttpProblem('invalid-request', 'The target of the request must be a path, such as /v1/status.', closes);
  }
}

const closes = { headers: { Connection: 'close' } };

function hostsIn(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

function givenId(ctx: ApiContext): string | undefined {
  const id = ctx.req.headers['x-request-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : undefined;
}

function answerError(ctx: ApiContext, error: unknown): number {
  const { log } = ctx.services;
  const { requestId } = ctx.state;
  if (error instanceof ClientGone || ctx.headerSent) {
    if (!(error instanceof ClientGone)) log.error({ requestId, reason: describe(error) }, 'answer.broken');
    ctx.respond = false;
    ctx.res.destroy();
    return clientGoneStatus;
  }
  const problem = toProblem(error);
  if (problem.kind === 'internal') {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error(
      { requestId, method: ctx.method, route: ctx._matchedRoute, reason: describe(error), stack },
      'request.failed',
    );
  }
  ctx.status = problem.status;
  ctx.set(problem.headers);
  ctx.body = JSON.stringify(problem.answer ?? problemDocument(problem, requestId));
  ctx.type = problem.answer === undefined ? problemType : 'application/json';
  try {
    boundAnswer(ctx);
  } catch {
    // No room for all that is wrong: what kind of problem it is must still arrive.
    ctx.body = JSON.stringify(problemDocument(problem, requestId, 'short'));
    ctx.type = problemType;
  }
  discardBody(ctx);
  return problem.status;
}

/** A body that was not read to its end must neither be kept nor keep the answer from arriving. */
function discardBody(ctx: ApiContext): void {
  if (ctx.req.complete) return;
  if ((ctx.req as { awaitsContinue?: boolean }).awaitsContinue) ctx.set('Connection', 'close');
  discardRest(ctx.req, discardedBytes);
}
