import { routeConfig, z } from 'koa-swagger-decorator';
import { audit } from '../audit.js';
import type { ApiContext } from '../context.js';
import { cookieName, pageHeader, presentedKey, sessionToken } from '../middleware/authentication.js';
import { HttpProblem } from '../problem.js';
import { empty, json, route } from '../route.js';
import { type Answer, epochMs, scope } from '../schemas.js';

const Session = z
  .object({
    name: z.string().openapi({ description: 'Name of the key.' }),
    scopes: z.array(scope),
    expires: epochMs,
  })
  .openapi('Session');

/** Signing in from a page: the key is sent once, in a header, and a cookie that scripts cannot read takes its place. */
export class SessionRoutes {
  @routeConfig(
    route({
      method: 'post',
      path: '/v1/session',
      access: 'read',
      tag: 'Session',
      id: 'signIn',
      summary: 'Sign in with a key, for a page',
      description: `Send the key in a header. With the cookie, requests that change something also need the header ${pageHeader}.`,
      answer: {
        status: 200,
        config: json('Signed in; the cookie is set.', Session, {
          name: 'operator',
          scopes: ['read', 'admin'],
          expires: 1709588000000,
        }),
      },
      problems: [400],
    }),
  )
  async signIn(ctx: ApiContext): Promise<void> {
    const presented = presentedKey(ctx);
    const { key } = ctx.state;
    if (presented === undefined || key === undefined) {
      throw new HttpProblem(
        'invalid-request',
        'Sign in with a key in the header X-API-Key; a session cannot start another.',
      );
    }
    const { token, expires } = ctx.services.sessions.begin(presented);
    setCookie(ctx, token, new Date(expires));
    audit(ctx, { type: 'signed_in' });
    ctx.body = { name: key.name, scopes: key.scopes, expires } satisfies Answer<typeof Session>;
  }

  @routeConfig(
    route({
      method: 'delete',
      path: '/v1/session',
      access: 'read',
      tag: 'Session',
      id: 'signOut',
      summary: 'Sign out',
      answer: { status: 204, config: empty('Signed out; the cookie is gone.') },
    }),
  )
  async signOut(ctx: ApiContext): Promise<void> {
    const token = sessionToken(ctx);
    if (token !== undefined) {
      ctx.services.sessions.end(token);
      audit(ctx, { type: 'signed_out' });
    }
    setCookie(ctx, '', new Date(0));
    ctx.status = 204;
  }
}

function setCookie(ctx: ApiContext, value: string, expires: Date): void {
  ctx.cookies.set(cookieName(ctx), value, {
    httpOnly: true,
    sameSite: 'strict',
    secure: ctx.secure,
    path: '/',
    expires,
    overwrite: true,
  });
}
