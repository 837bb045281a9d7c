import { randomBytes } from 'node:crypto';
import type { Middleware } from 'koa';
import { describe } from '../../errors.js';
import { discardRest } from '../body.js';
import type { ApiContext } from '../context.js';
import { ClientGone, HttpProblem, toProblem } from '../problem.js';
import { problemDocument, problemType } from '../problem-document.js';

/** The rest of a refused body is read and discarded up to here; then the connection is cut. */
const discardedBytes = 8 * 1024 * 1024;
/** The status under which other servers, nginx first, count a request whose client went away. */
const clientGoneStatus = 499;
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);

/** The outermost middleware: gives a request its id, sets the headers of every answer, answers errors, measures, and logs one line at debug. */
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
      if (ctx.req.headers.host === undefined && ctx.req.httpVersion !== '1.0') throw hostMissing();
      await next();
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

function hostMissing(): HttpProblem {
  return new HttpProblem('invalid-request', 'The header Host is missing.', { headers: { Connection: 'close' } });
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
  ctx.body = JSON.stringify(problemDocument(problem, requestId));
  ctx.type = problemType;
  discardBody(ctx);
  return problem.status;
}

/** A body that was not read to its end must neither be kept nor keep the answer from arriving. */
function discardBody(ctx: ApiContext): void {
  if (ctx.req.complete) return;
  if ((ctx.req as { awaitsContinue?: boolean }).awaitsContinue) ctx.set('Connection', 'close');
  discardRest(ctx.req, discardedBytes);
}
