import type Koa from 'koa';
import type { Middleware } from 'koa';
import compose from 'koa-compose';
import Router from 'koa-router';
import { SwaggerRouter } from 'koa-swagger-decorator';
import { describe } from '../errors.js';
import { networkOf, type TrustedProxies } from '../ip-address.js';
import { answerInJson } from './answer.js';
import { originOf } from './client-address.js';
import { type ApiContext, pathOf, type Services } from './context.js';
import { addDocs } from './docs.js';
import { Application } from './koa.js';
import { authenticate } from './middleware/authentication.js';
import { allowOrigins } from './middleware/cors.js';
import { allowPages } from './middleware/page-origins.js';
import { answerRequest } from './middleware/request.js';
import { addPage } from './page-files.js';
import { HttpProblem } from './problem.js';
import { accessExtension, type DocumentedRoute } from './route.js';
import { controllers } from './routes.js';

/**
 * The Koa application. A request passes the request middleware (id, errors, measurement), CORS (for pages with a
 * collect key, and for others when it is on), the documented routes, then the pages, which need no key. A router tries
 * each of its paths for every request: the pages have many, so they come last, in a router of their own.
 */
export function createApplication(services: Services): Koa {
  const { settings, log } = services;
  const app = new Application();
  Object.assign(app.context, { services });
  nameClients(app, settings.trustProxy);
  answerInJson(app);
  app.on('error', (error: unknown) => log.warn({ reason: describe(error) }, 'answer.broken'));
  const routes = documentedRoutes();
  const api = new Router(exactPaths);
  api.use(routes.routes() as unknown as Router.IMiddleware);
  const pages = new Router(exactPaths);
  addPage(pages);
  addDocs(pages);
  app.use(answerRequest());
  app.use(allowPages(services.keys));
  if (settings.corsOrigins.length > 0) app.use(allowOrigins(settings.corsOrigins));
  app.use(fixedPaths(routes));
  app.use(api.routes() as unknown as Middleware);
  app.use(pages.routes() as unknown as Middleware);
  app.use(unrouted);
  return app;
}

/** `/V1/publish` and `/v1/publish/` are other paths: a proxy in front that guards one of them would not know these. */
const exactPaths = { sensitive: true, strict: true } as const;

/** Address and protocol of a client, as far as the proxies in front of this daemon are trusted. */
function nameClients(app: Koa, trusted: TrustedProxies): void {
  Object.defineProperties(app.request, {
    ip: {
      get(this: Koa.Request) {
        return originOf(this.req, trusted).address;
      },
    },
    protocol: {
      get(this: Koa.Request) {
        return originOf(this.req, trusted).secure ? 'https' : 'http';
      },
    },
  });
  Object.defineProperty(app.context, 'network', {
    get(this: Koa.Context) {
      return networkOf(this.ip);
    },
  });
}

/**
 * The routes of the controllers, each behind its own authentication. That comes before the validation which the library
 * puts first, so that nobody without a key learns what a request should look like. Where an address has no parameters
 * there is nothing to validate: bodies are checked by the routes, to the letter.
 */
function documentedRoutes(): SwaggerRouter {
  const routes = new SwaggerRouter({}, exactPaths);
  for (const controller of controllers) routes.applyRoute(controller);
  const documented = documentedByPath();
  for (const layer of routes.stack) {
    const path = `${layer.methods.at(-1)} ${layer.path}`;
    const { route, handle } = documented.get(path) ?? {};
    const access = route?.[accessExtension];
    if (access === undefined) throw new Error(`${path} declares no access`);
    if (!hasParameters(route?.request)) layer.stack = [handle as (typeof layer.stack)[number]];
    if (access !== 'open') layer.stack.unshift(authenticate(access));
  }
  return routes;
}

/**
 * Most routes have a path without parameters, which is found by a look-up, with its chain made here, once. A router
 * would try each of its paths for every request; it is left with the others, and with what does not match.
 */
function fixedPaths({ stack }: SwaggerRouter): Middleware {
  const byMethod = new Map<string, Map<string, Middleware>>();
  for (const { paramNames, methods, path, stack: chain } of stack) {
    if (paramNames.length > 0) continue;
    const run = compose(chain as Middleware[]);
    for (const method of methods) {
      const byPath = byMethod.get(method) ?? new Map<string, Middleware>();
      byMethod.set(method, byPath.set(String(path), run));
    }
  }
  return (ctx, next) => {
    const path = pathOf(ctx);
    const run = byMethod.get(ctx.method)?.get(path);
    if (run === undefined) return next();
    ctx._matchedRoute = path;
    return run(ctx, next);
  };
}

function hasParameters(request: DocumentedRoute['request']): boolean {
  return request?.query !== undefined || request?.params !== undefined;
}

interface Documented {
  readonly route: DocumentedRoute;
  /** The route itself, on a controller that all requests share: there is nothing in it. */
  readonly handle: Middleware;
}

/** Each route with its documentation, by method and path. */
function documentedByPath(): Map<string, Documented> {
  const table = new Map<string, Documented>();
  for (const Controller of controllers) {
    const controller = new Controller();
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(Controller.prototype))) {
      const { routeConfig: route } = value as { routeConfig?: DocumentedRoute };
      if (route === undefined) continue;
      const path = `${route.method?.toUpperCase()} ${route.path?.replace(/\{(\w+)\}/g, ':$1')}`;
      table.set(path, { route, handle: ctx => value.call(controller, ctx) });
    }
  }
  return table;
}

/** No route matched: the path does not exist, or not for this method. */
const unrouted: Middleware = async context => {
  const { method, matched } = context as unknown as ApiContext & {
    matched?: readonly { methods: readonly string[] }[];
  };
  const allowed = new Set((matched ?? []).flatMap(layer => layer.methods));
  if (allowed.size === 0)
    throw new HttpProblem('not-found', 'There is nothing at this path. The API is described at /docs.');
  allowed.add('OPTIONS');
  const allow = [...allowed].join(', ');
  if (method !== 'OPTIONS') {
    throw new HttpProblem('method-not-allowed', `This path supports ${allow}.`, { headers: { Allow: allow } });
  }
  context.set('Allow', allow);
  context.status = 204;
};
