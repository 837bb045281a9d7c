import { routeConfig } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { content, json, operation } from '../operation.js';
import { unavailable } from '../problem.js';
import { Health } from '../schemas.js';

/** For what runs the daemon: load balancers, platforms, Prometheus. */
export class OperationRoutes {
  @routeConfig(
    operation({
      method: 'get',
      path: '/healthz',
      access: 'open',
      tag: 'Operation',
      id: 'getHealth',
      summary: 'The process turns',
      answer: { status: 200, config: json('It does.', Health, { status: 'ok' }) },
    }),
  )
  async health(ctx: ApiContext): Promise<void> {
    ctx.body = { status: 'ok' };
  }

  @routeConfig(
    operation({
      method: 'get',
      path: '/readyz',
      access: 'open',
      tag: 'Operation',
      id: 'getReadiness',
      summary: 'Events can be accepted durably',
      description: 'A fault of a sink never changes it: see `/v1/status`.',
      answer: { status: 200, config: json('They can.', Health, { status: 'ready' }) },
      problems: [503],
    }),
  )
  async readiness(ctx: ApiContext): Promise<void> {
    if (ctx.services.closing()) throw unavailable('The daemon is shutting down.');
    if (!ctx.services.backend.ready()) throw unavailable('The daemon is not ready to accept events durably.', 1000);
    ctx.body = { status: 'ready' };
  }

  @routeConfig(
    operation({
      method: 'get',
      path: '/metrics',
      access: 'read',
      tag: 'Operation',
      id: 'getMetrics',
      summary: 'Metrics for Prometheus',
      answer: {
        status: 200,
        config: content('Metrics as text.', { 'text/plain': { schema: { type: 'string' } } }),
      },
    }),
  )
  async metrics(ctx: ApiContext): Promise<void> {
    const { metrics, backend, feed, inFlight } = ctx.services;
    const text = await metrics.render(backend, { streams: feed.readers, inFlightBytes: inFlight.bytes });
    ctx.type = metrics.contentType;
    ctx.body = text;
  }
}
