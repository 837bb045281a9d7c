import Koa, { type Middleware } from 'koa';
import Router from 'koa-router';
import { SwaggerRouter } from 'koa-swagger-decorator';
import { describe } from '../errors.js';
import type { ApiContext, Services } from './context.js';
import { addPages } from './docs.js';
import { type Access, authenticate } from './middleware/authentication.js';
import { allowOrigins } from './middleware/cors.js';
import { entry } from './middleware/request.js';
import { accessExtension, type DocumentedRoute } from './operation.js';
import { Problem } from './problem.js';
import { controllers } from './routes.js';

/**
 * The Koa application. A request passes: entry (id, errors, measurement), CORS when it is on, the documented routes, the pages, which need
 * no key. A router tries every path that it has for every request: so the pages, which have many, stand apart.
 */
export function createApplication(services: Services): Koa {
  const { settings, log } = services;
  const app = new Koa({ proxy: settings.trustProxy, maxIpsCount: 1 });
  Object.assign(app.context, { services });
  app.on('error', (error: unknown) => log.warn({ error: describe(error) }, 'answer.broken'));
  const api = new Router();
  api.use(documentedRoutes().routes() as unknown as Router.IMiddleware);
  const pages = new Router();
  addPages(pages);
  app.use(entry());
  if (settings.corsOrigins.length > 0) app.use(allowOrigins(settings.corsOrigins));
  app.use(api.routes() as unknown as Middleware);
  app.use(pages.routes() as unknown as Middleware);
  app.use(unrouted);
  return app;
}

/**
 * The routes of the controllers, each behind its own authentication: that stands before the validation which the library puts first,
 * so that nobody without a key learns what a request should look like.
 */
function documentedRoutes(): SwaggerRouter {
  const routes = new SwaggerRouter();
  for (const controller of controllers) routes.applyRoute(controller);
  const table = accessTable();
  for (const layer of routes.stack) {
    const route = `${layer.methods.at(-1)} ${layer.path}`;
    const access = table.get(route);
    if (access === undefined) throw new Error(`no access is declared for ${route}`);
    if (access !== 'open') layer.stack.unshift(authenticate(access));
  }
  return routes;
}

/** What each route needs, from where it is documented. */
function accessTable(): Map<string, Access> {
  const table = new Map<string, Access>();
  for (const { prototype } of controllers) {
    for (const property of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
      const route = (property.value as { routeConfig?: DocumentedRoute }).routeConfig;
      if (route !== undefined) table.set(`${route.method?.toUpperCase()} ${route.path}`, route[accessExtension]);
    }
  }
  return table;
}

/** No route took it: the path is not there, or not for this method. */
const unrouted: Middleware = async context => {
  const { method, matched } = context as unknown as ApiContext & {
    matched?: readonly { methods: readonly string[] }[];
  };
  const allowed = new Set((matched ?? []).flatMap(layer => layer.methods));
  if (allowed.size === 0)
    throw new Problem('not-found', 'There is nothing under this path. The API is described at /docs.');
  allowed.add('OPTIONS');
  const allow = [...allowed].join(', ');
  if (method !== 'OPTIONS') {
    throw new Problem('method-not-allowed', `This path takes ${allow}.`, { headers: { Allow: allow } });
  }
  context.set('Allow', allow);
  context.status = 204;
};
