import { randomBytes } from 'node:crypto';
import type { Middleware } from 'koa';
import helmet from 'koa-helmet';

const none = ["'none'"];
const self = ["'self'"];

/** Only what this server itself sends is loaded, nothing is framed, and no form is sent elsewhere. */
const onlyFromHere = {
  defaultSrc: none,
  scriptSrc: self,
  styleSrc: self,
  imgSrc: self,
  connectSrc: self,
  baseUri: none,
  formAction: none,
  frameAncestors: none,
};

/** For the operator's page: its import map is allowed by a nonce, and text never becomes markup or a script. */
export const pageHeaders: Middleware = async (ctx, next) => {
  const nonce = randomBytes(16).toString('base64');
  ctx.state.nonce = nonce;
  await headers({
    ...onlyFromHere,
    scriptSrc: ["'self'", `'nonce-${nonce}'`],
    fontSrc: self,
    requireTrustedTypesFor: ["'script'"],
  })(ctx, next);
};

/** For the API's documentation: Swagger UI sets styles on its elements and draws icons from data. */
export const docsHeaders: Middleware = headers({
  ...onlyFromHere,
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
});

/** For a page that is complete in itself: it has a style, and loads nothing. */
export const reportHeaders: Middleware = headers({
  ...onlyFromHere,
  scriptSrc: none,
  styleSrc: ["'unsafe-inline'"],
  imgSrc: none,
  connectSrc: none,
});

function headers(directives: Readonly<Record<string, string[]>>): Middleware {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // Whether this host, and its neighbours too, can be reached over TLS is for the proxy in front to announce.
    strictTransportSecurity: false,
  });
}
