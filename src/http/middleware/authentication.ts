import type { Middleware } from 'koa';
import type { Key, Scope } from '../../keys/keys.js';
import type { ApiContext } from '../context.js';
import { HttpProblem, unavailable } from '../problem.js';
import type { Refusal } from '../refusals.js';

/** What a route needs: a scope, or nothing at all. */
export type Access = Scope | 'open';

/** Without TLS: with it, a browser keeps the prefix `__Host-` to cookies that were set over TLS, by this very host. */
export const sessionCookie = 'event_sink_session';
/** A page proves with it that the request is its own: another site's form cannot set a header. */
export const pageHeader = 'X-Requested-With';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const realm = 'Bearer realm="event-sink"';

/**
 * Lets a request through to its route when its key has the scope: before validation, before a byte of the body is read.
 */
export function authenticate(needed: Scope): Middleware {
  return (context, next) => {
    const ctx = context as unknown as ApiContext;
    const { closing, keyLimits, keys } = ctx.services;
    const key = identify(ctx);
    if (key === undefined) return turnAway(ctx);
    if (!key.scopes.includes(needed)) {
      refused(ctx, 'missing scope', key);
      throw forbidden(key, needed);
    }
    requireOrigin(ctx, key);
    const done = keyLimits.begin(key);
    if (done !== undefined) {
      if (ctx.res.closed) done();
      else ctx.res.once('close', done);
    }
    if (closing()) throw unavailable('The daemon is shutting down.');
    keys.used(key);
    ctx.state.key = key;
    return next();
  };
}

/** @throws HttpProblem 401, 429: without a key that is in force */
async function turnAway(ctx: ApiContext): Promise<never> {
  const { keys, failedAttempts } = ctx.services;
  await failedAttempts.count(ctx.network);
  const presented = presentedKey(ctx);
  const expired = presented === undefined ? undefined : keys.findExpired(presented);
  if (presented !== undefined) refused(ctx, expired === undefined ? 'unknown key' : 'expired key', expired);
  throw expired === undefined ? unauthenticated(presented !== undefined) : outOfTime(expired);
}

/**
 * Whether the key or session of a request, and its scope, are in force at the time of the
 * call: for what outlives its request.
 */
export function stillAllowed(ctx: ApiContext, needed: Scope): () => boolean {
  const { keys, sessions } = ctx.services;
  const presented = presentedKey(ctx);
  const token = presented === undefined ? sessionToken(ctx) : undefined;
  return () => {
    const kept = presented ?? (token === undefined ? undefined : sessions.keyOf(token));
    return kept !== undefined && (keys.find(kept)?.scopes.includes(needed) ?? false);
  };
}

/** The key in a header, if any: X-API-Key, or Authorization: Bearer. */
export function presentedKey(ctx: ApiContext): string | undefined {
  const { 'x-api-key': key, authorization } = ctx.req.headers;
  if (typeof key === 'string' && key !== '') return key;
  const bearer = authorization === undefined ? null : /^Bearer +(\S+)$/i.exec(authorization);
  return bearer?.[1];
}

/** The key of a request, in a header or by its session. */
export function identify(ctx: ApiContext): Key | undefined {
  const presented = presentedKey(ctx);
  if (presented !== undefined) return ctx.services.keys.find(presented);
  if (ctx.req.headers.cookie === undefined) return undefined;
  const token = sessionToken(ctx);
  const kept = token === undefined ? undefined : ctx.services.sessions.keyOf(token);
  const key = kept === undefined ? undefined : ctx.services.keys.find(kept);
  if (key !== undefined && !safeMethods.has(ctx.method) && ctx.get(pageHeader) === '') {
    throw new HttpProblem('forbidden', `A request with the session cookie needs the header ${pageHeader}.`);
  }
  return key;
}

/** The name that the session's cookie has on this connection. */
export function cookieName(ctx: ApiContext): string {
  return ctx.secure ? `__Host-${sessionCookie}` : sessionCookie;
}

export function sessionToken(ctx: ApiContext): string | undefined {
  return ctx.cookies.get(cookieName(ctx));
}

function unauthenticated(presented: boolean): HttpProblem {
  return presented
    ? new HttpProblem('unauthenticated', 'This API key is not known here.', {
        headers: { 'WWW-Authenticate': `${realm}, error="invalid_token"` },
      })
    : new HttpProblem('unauthenticated', 'Send an API key in the header X-API-Key, or as Authorization: Bearer.', {
        headers: { 'WWW-Authenticate': realm },
      });
}

function outOfTime({ name, expires = 0 }: Key): HttpProblem {
  const detail = `The API key ${name} has expired, at ${new Date(expires).toISOString()}. Ask whoever runs this daemon for a new one.`;
  return new HttpProblem('unauthenticated', detail, {
    headers: { 'WWW-Authenticate': `${realm}, error="invalid_token", error_description="expired"` },
  });
}

/** A key that is bound to origins is for their pages: what a browser says otherwise is refused. */
function requireOrigin(ctx: ApiContext, { name, origins }: Key): void {
  const { origin } = ctx.req.headers;
  if (origins === undefined || origin === undefined || origins.includes(origin)) return;
  throw new HttpProblem('forbidden', `The key ${name} is for pages of ${origins.join(', ')} only.`);
}

function refused(ctx: ApiContext, reason: Refusal['reason'], key: Key | undefined): void {
  const { ip: address, method, path } = ctx;
  ctx.services.refusals.add({ address, reason, key: key?.name, method, path });
}

function forbidden(key: Key, needed: Scope): HttpProblem {
  return new HttpProblem(
    'forbidden',
    `This needs the scope ${needed}; the key ${key.name} has ${key.scopes.join(', ') || 'none'}.`,
    {
      headers: { 'WWW-Authenticate': `${realm}, error="insufficient_scope", scope="${needed}"` },
    },
  );
}
