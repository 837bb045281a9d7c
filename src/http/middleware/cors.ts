import type { Middleware } from 'koa';
import { pathOf } from '../context.js';
import { pagePaths } from './page-origins.js';

const allowedMethods = 'GET, HEAD, POST, DELETE';
const allowedHeaders =
  'Authorization, Content-Encoding, Content-Type, Event-Source, Idempotency-Key, X-API-Key, X-Request-Id';
const exposedHeaders = 'Retry-After, WWW-Authenticate, X-Request-Id';

/**
 * Lets pages of the given origins call the API with a key. Never with the session cookie:
 * that is for this server's own page. Paths for pages of others have an origin of their own, that of the key.
 */
export function allowOrigins(origins: readonly string[]): Middleware {
  const any = origins.includes('*');
  return async (ctx, next) => {
    if (pagePaths.has(pathOf(ctx))) return next();
    const origin = ctx.get('Origin');
    if (!any) ctx.vary('Origin');
    if (origin === '' || !(any || origins.includes(origin))) return next();
    ctx.set('Access-Control-Allow-Origin', any ? '*' : origin);
    ctx.set('Access-Control-Expose-Headers', exposedHeaders);
    if (ctx.method !== 'OPTIONS' || ctx.get('Access-Control-Request-Method') === '') return next();
    ctx.set('Access-Control-Allow-Methods', allowedMethods);
    ctx.set('Access-Control-Allow-Headers', allowedHeaders);
    ctx.set('Access-Control-Max-Age', '600');
    ctx.status = 204;
  };
}
