import { routeConfig, z } from 'koa-swagger-decorator';
import type { ApiContext } from '../context.js';
import { unavailable } from '../problem.js';
import { content, json, route } from '../route.js';
import type { Answer } from '../schemas.js';

const Health = z.object({ status: z.enum(['ok', 'ready']) }).openapi('Health');

/** The texts that are being made. */
const renderings = new WeakMap<ApiContext['services']['metrics'], Promise<string>>();

/** Those who ask while it is being made get the same text: a thousand readers cost no more than one. */
function rendered(services: ApiContext['services']): Promise<string> {
  const { metrics, backend, feed, inFlight, inFlightOfStrangers, answers, connections } = services;
  const underWay = renderings.get(metrics);
  if (underWay !== undefined) return underWay;
  const rendering = metrics
    .render(backend, {
      streams: feed.readers,
      inFlightBytes: inFlight.bytes + inFlightOfStrangers.bytes,
      answerBytes: answers.bytes,
      connections: connections.open,
    })
    .finally(() => renderings.delete(metrics));
  renderings.set(metrics, rendering);
  return rendering;
}

/** For what runs the daemon: load balancers, platforms, Prometheus. */
export class HealthRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/healthz',
      access: 'open',
      tag: 'Monitoring',
      id: 'getHealth',
      summary: 'Whether the process is running',
      answer: { status: 200, config: json('It is running.', Health, { status: 'ok' }) },
    }),
  )
  async health(ctx: ApiContext): Promise<void> {
    ctx.body = { status: 'ok' } satisfies Answer<typeof Health>;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/readyz',
      access: 'open',
      tag: 'Monitoring',
      id: 'getReadiness',
      summary: 'Whether events can be accepted durably',
      description:
        '503 while they cannot: the disk is full, the embedded queues or the outbox have reached their limit. A fault of a sink never changes it: see `/v1/status`.',
      answer: { status: 200, config: json('Events can be accepted.', Health, { status: 'ready' }) },
      problems: [503],
    }),
  )
  async readiness(ctx: ApiContext): Promise<void> {
    if (ctx.services.closing()) throw unavailable('The daemon is shutting down.');
    const reason = ctx.services.backend.unready();
    if (reason !== undefined) throw unavailable(`Events cannot be accepted durably: ${reason}.`, 1000);
    ctx.body = { status: 'ready' } satisfies Answer<typeof Health>;
  }

  @routeConfig(
    route({
      method: 'get',
      path: '/metrics',
      access: 'read',
      tag: 'Monitoring',
      id: 'getMetrics',
      summary: 'Metrics for Prometheus',
      answer: {
        status: 200,
        config: content('Metrics as text.', { 'text/plain': { schema: { type: 'string' } } }),
      },
    }),
  )
  async metrics(ctx: ApiContext): Promise<void> {
    const { metrics } = ctx.services;
    const text = await rendered(ctx.services);
    ctx.type = metrics.contentType;
    ctx.body = text;
  }
}
