import { routeConfig, z } from 'koa-swagger-decorator';
import type { SettingsStatus } from '../../config/running.js';
import type { ApiContext } from '../context.js';
import { json, route } from '../route.js';
import { type Answer, count, epochMs, fault } from '../schemas.js';

const actorState = z.enum(['starting', 'running', 'holding', 'parked', 'stopped', 'failed']).openapi({
  description:
    'holding: a batch waits for its destination; parked: every event fails, and is tried slowly; failed: given up for good.',
});

const ActorStatus = z
  .object({
    path: z.string().openapi({ description: 'Its place in the supervision tree, as `delivery/mongodb/sink`.' }),
    state: actorState,
    since: epochMs.openapi({ description: 'When this state began.' }),
    restarts: count,
    last_error: z.object({ fault, message: z.string(), at: epochMs }).nullable(),
    next_try: epochMs.nullable().openapi({ description: 'When the current backoff ends.' }),
    detail: z.record(z.union([z.string(), z.number(), z.boolean(), z.null()])).openapi({
      type: 'object',
      additionalProperties: {
        oneOf: [{ type: 'string', nullable: true }, { type: 'number' }, { type: 'boolean' }],
      },
      description: 'What the actor reports about itself.',
    }),
  })
  .openapi('ActorStatus');

const SinkStatus = z
  .object({
    sink: z.string(),
    title: z.string(),
    queryable: z
      .boolean()
      .openapi({ description: 'The daemon keeps its events itself: `/v1/events` and `/v1/series` read them.' }),
    state: actorState,
    queue: z.string(),
    pending: count.nullable().openapi({ description: 'Null while the broker does not say.' }),
    oldest: epochMs.nullable().openapi({ description: 'When the event that has waited longest came in.' }),
    delivered: count,
    duplicates: count,
    filtered: count,
    dead: count.nullable().openapi({
      description:
        'Dead letters kept now; while the broker does not say, as many as it said last. Null until it has said so for the first time.',
    }),
    batch_size: count.openapi({
      description:
        'Events of one write: fewer after a time-out, 429, 503 or slow answers, and more again while answers are quick.',
    }),
    batch_limit: count.openapi({ description: 'Events of one write at most (`<SINK>_BATCH_SIZE`).' }),
    concurrency: count.openapi({
      description:
        'Writes at once: one more while much waits and answers are quick, half as many after a time-out, 429, 503 or a slow answer.',
    }),
    concurrency_limit: count.openapi({
      description: 'Writes at once at most (`<SINK>_CONCURRENCY`); 1 where the order of events matters.',
    }),
  })
  .openapi('SinkStatus');

const ServiceState = z
  .object({
    service_name: z.string(),
    target: z.string().openapi({ description: 'What is checked, without secrets.' }),
    state: z
      .enum(['unknown', 'up', 'degraded', 'down', 'maintenance'])
      .openapi({ description: '`unknown` until enough checks agree.' }),
    since: epochMs.nullable().openapi({ description: 'When the state began, across restarts of the daemon.' }),
    checked: epochMs.nullable().openapi({ description: 'When the last check ended.' }),
    reason: z.string().nullable().openapi({ description: 'What the last check complained about.' }),
    response_time: z.number().nullable().openapi({ description: 'Mean of the last check, in seconds.' }),
    uptime: z
      .number()
      .nullable()
      .openapi({ description: 'Share of the checks of the last 24 hours that found the service working, in percent.' }),
  })
  .openapi('ServiceState', { description: 'A service that is watched, as its checks found it.' });

const Problem = z
  .object({
    what: z.string(),
    since: epochMs,
    fix: z.string().openapi({ description: 'What to do about it.' }),
  })
  .openapi('Problem', { description: 'Something that is wrong with the installation.' });

const Settings = z
  .object({
    file: z.string().nullable().openapi({ description: 'The file of settings; null when there is none.' }),
    version: z.string().openapi({
      description: 'Names what runs: the same wherever the settings are the same, secrets aside.',
    }),
    since: epochMs.openapi({ description: 'When these settings took effect.' }),
    read: epochMs.openapi({ description: 'When they were last read.' }),
    needs_restart: z.array(z.string()).openapi({
      description: 'Settings that are given otherwise, and take effect at the next start.',
    }),
    problems: z
      .array(z.object({ name: z.string(), message: z.string() }))
      .openapi({ description: 'Why what was read last cannot be used; empty when it can.' }),
  })
  .openapi('SettingsStatus', { description: 'Which settings the daemon runs with.' });

const Status = z
  .object({
    version: z.string(),
    started: epochMs,
    now: epochMs.openapi({ description: 'The daemon’s clock.' }),
    ready: z.boolean(),
    problems: z.array(Problem).openapi({ description: 'What is wrong, worst first; empty when all is well.' }),
    broker: z
      .object({
        kind: z.enum(['embedded', 'rabbitmq']),
        state: z.enum(['ready', 'outbox', 'down']),
        detail: z.string(),
        outbox: count.openapi({ description: 'Events in the outbox.' }),
        outbox_stuck: count.optional().openapi({
          description: 'Those of them that RabbitMQ did not take though it can be reached.',
        }),
        set_aside: count.optional().openapi({
          description: 'Messages that RabbitMQ can never take as they are: kept in the outbox, out of the way.',
        }),
        gaps: count.optional().openapi({
          description: 'How often a queue or the exchange had disappeared from RabbitMQ and was declared again.',
        }),
      })
      .openapi('BrokerStatus'),
    storage: z
      .object({
        lost: z.record(z.string(), count).openapi({
          description: 'Rows that were lost with a damaged or cut database, by table; empty is right.',
        }),
      })
      .openapi('StorageStatus'),
    context: z
      .object({
        resources: count.openapi({ description: 'Resources of Clowder that are known, in memory.' }),
        waiting: count.openapi({ description: 'Resources that Clowder is yet to be asked about.' }),
        clowder: z
          .number()
          .int()
          .min(1)
          .max(2)
          .nullable()
          .openapi({ description: 'Which Clowder answers; null until that is known.' }),
        obstacle: z
          .object({ reason: z.string(), since: epochMs })
          .nullable()
          .openapi({ description: 'Why Clowder cannot be asked; null = it can, or need not be.' }),
      })
      .openapi('ContextStatus'),
    settings: Settings,
    sinks: z.array(SinkStatus),
    services: z.array(ServiceState),
    actors: z.array(ActorStatus),
  })
  .openapi('Status');

/** What the daemon is doing. */
export class StatusRoutes {
  @routeConfig(
    route({
      method: 'get',
      path: '/v1/status',
      access: 'read',
      tag: 'Status',
      id: 'getStatus',
      summary: 'The state of the daemon, its sinks and its actors',
      answer: { status: 200, config: json('The current state.', Status) },
    }),
  )
  async status(ctx: ApiContext): Promise<void> {
    const { actors, broker, settings, ...rest } = await ctx.services.backend.status();
    const { problems: _problems, outboxStuck, setAside, ...brokerRest } = broker;
    ctx.body = {
      ...rest,
      broker: {
        ...brokerRest,
        ...(outboxStuck === undefined ? {} : { outbox_stuck: outboxStuck }),
        ...(setAside === undefined ? {} : { set_aside: setAside }),
      },
      settings: settingsAnswer(settings),
      actors: actors.map(({ path, state, since, restarts, lastError, nextTry, detail }) => ({
        path,
        state,
        since,
        restarts,
        last_error: lastError ?? null,
        next_try: nextTry ?? null,
        detail,
      })),
    } satisfies Answer<typeof Status>;
  }
}

function settingsAnswer({ needsRestart, problems, ...settings }: SettingsStatus): Answer<typeof Settings> {
  return { ...settings, needs_restart: [...needsRestart], problems: [...problems] };
}
