import type { Middleware } from 'koa';
import type { KeyRing } from '../../keys/ring.js';
import { pathOf } from '../context.js';
import { HttpProblem } from '../problem.js';

/** Where pages of other sites send to, with a collect key. */
export const pagePaths: ReadonlySet<string> = new Set(['/2/httpapi', '/batch']);

/** amplitude-js 8 sends the last of them, though it is not one of a request. */
const allowedHeaders = 'Content-Type, Content-Encoding, Cross-Origin-Resource-Policy';

/**
 * Lets the pages that some collect key is for send to those paths, and no others: a preflight does not say which key is
 * coming, so which page may use which key is checked with the request itself. A beacon brings the cookies of this host,
 * whoever sends it; nothing here reads them, but without leave for them a browser complains.
 */
export function allowPages(keys: KeyRing): Middleware {
  let known: ReadonlySet<string> | undefined;
  keys.onChange(() => {
    known = undefined;
  });
  const answerPages: Middleware = async (ctx, next) => {
    const origin = ctx.get('Origin');
    ctx.vary('Origin');
    known ??= originsOf(keys);
    const allowed = known.has(origin);
    if (allowed) {
      ctx.set('Access-Control-Allow-Origin', origin);
      ctx.set('Access-Control-Allow-Credentials', 'true');
      ctx.set('Access-Control-Expose-Headers', 'Retry-After, X-Request-Id');
    }
    if (ctx.method !== 'OPTIONS' || ctx.get('Access-Control-Request-Method') === '') return next();
    if (!allowed) throw new HttpProblem('forbidden', `There is no collect key for pages of ${origin}.`);
    ctx.set('Access-Control-Allow-Methods', 'POST');
    ctx.set('Access-Control-Allow-Headers', allowedHeaders);
    ctx.set('Access-Control-Max-Age', '600');
    ctx.status = 204;
  };
  return (ctx, next) => (pagePaths.has(pathOf(ctx)) ? answerPages(ctx, next) : next());
}

function originsOf(keys: KeyRing): ReadonlySet<string> {
  const listed = keys.list().filter(({ key, expired }) => !expired && key.scopes.includes('collect'));
  return new Set(listed.flatMap(({ key }) => key.origins ?? []));
}
