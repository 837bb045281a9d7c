import { dispatch } from 'nact';
import { ask, type Parent } from '../actors/actor.js';
import { spawnHttp } from '../actors/http.js';
import { publishThrough } from '../actors/publisher.js';
import type { AuditTrail } from '../src/audit/trail.js';
import { Availability } from '../src/availability/availability.js';
import type { ReloadReport, RunningSettings } from '../src/config/running.js';
import type { Context } from '../src/context/context.js';
import type { Erasures } from '../src/erasure/erasures.js';
import type { Stalls } from '../src/event-loop/stalls.js';
import { createExplain } from '../src/explain/explain.js';
import type { Countries } from '../src/geoip/countries.js';
import { MaintenanceCalendar } from '../src/health/maintenance-calendar.js';
import type { Target } from '../src/health/target.js';
import { createServer } from '../src/http/server.js';
import { defaultHttpSettings } from '../src/http/settings.js';
import { Backlog } from '../src/import/backlog.js';
import type { KeyRing } from '../src/keys/ring.js';
import type { VisitorKeys } from '../src/nginx/traffic/visitors.js';
import { connectionCap } from '../src/open-files.js';
import { personalFilter } from '../src/people/personal-data.js';
import { createBackend } from '../src/status/backend.js';
import type { Conflicts } from '../src/status/conflicts.js';
import { DeadLetterAdmin } from '../src/status/dead-letter-admin.js';
import { runHousekeeping } from '../src/status/housekeeping.js';
import type { Metrics } from '../src/status/metrics.js';
import { runMonitor } from '../src/status/monitor.js';
import { orphanFinder } from '../src/status/orphaned-queues.js';
import { ProblemEvents } from '../src/status/problem-events.js';
import { checkedEvery, servicesOf } from '../src/status/services.js';
import { contextAsStored } from '../src/status/stored-events.js';
import { type ShownTarget, StatusPage } from '../src/status-page/status-page.js';
import type { Storage } from '../src/storage/storage.js';
import type { Usage } from '../src/usage/usage.js';
import type { BrokerPart } from './broker.js';
import type { PartOptions } from './part.js';
import { escalate } from './restart.js';
import { runUsage } from './usage.js';

export interface HttpOptions extends PartOptions, BrokerPart {
  readonly parent: Parent;
  readonly settings: RunningSettings;
  readonly reload: (by: string) => Promise<ReloadReport>;
  readonly keys: KeyRing;
  readonly trail: AuditTrail;
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly stalls: Stalls;
  readonly conflicts: Conflicts;
  readonly visitors: VisitorKeys;
  readonly countries: Countries;
  readonly context: Context;
  /** Undefined when it is off. */
  readonly usage: Usage | undefined;
  /** What makes pseudonyms of people (ID_SECRET). */
  readonly idSecret: string;
  readonly erasures: Erasures;
}

export interface RunningHttp {
  readonly address: string;
  /** Reads the certificate again. */
  rereadCertificate(): void;
}

/**
 * The listener and everything it answers from, and the housekeeping that looks at the same things without being asked.
 * The last part to start: whoever can connect finds a daemon that is ready. Resolves with the address, and with what
 * reads the certificate again.
 */
export async function startHttp(options: HttpOptions): Promise<RunningHttp> {
  const { parent, board, clock, log, onStop, settings, keys, storage, metrics, broker, publisher } = options;
  const { countries } = options;
  const { config } = settings;
  const sinks = () => settings.config.sinks;
  const limitOf = (name: string) => sinks().find(({ definition }) => definition.name === name)?.definition.redriveLimit;
  const backlog = new Backlog(sink => broker.depth(sink), { maxWaiting: 200, retryAfterMs: 2_000 });
  const deadLetterAdmin = new DeadLetterAdmin({ store: broker.deadLetters, clock, limitOf, backlog });
  const orphans = orphanFinder({ broker, clock, log, metrics });
  const stored = config.sinks.find(({ definition }) => definition.storesWith === 'storage');
  const watched = {
    get: (service: string) => {
      const { targets, defaults } = settings.config.health;
      return checkedEvery(targets, defaults.intervalMs, () => board.all()).get(service);
    },
  };
  const availability = new Availability({ storage, watched, clock });
  const backend = createBackend({
    ...publishThrough(publisher),
    deadLetterAdmin,
    broker,
    brokerStatus: options.status,
    storage,
    board,
    clock,
    orphans,
    keyProblems: () => keys.problems(),
    listenerProblems: () => server.problems(),
    countries,
    sinks,
    stalls: () => options.stalls.summary,
    conflicts: options.conflicts,
    context: contextAsStored(options.context, personalFilter(stored?.personal ?? 'full', options.idSecret)),
    usage: options.usage,
    monthly: runUsage({ ...options, config, sinks }),
    availability,
    explain: createExplain({
      config,
      idSecret: options.idSecret,
      countryOf: countries.of,
      clock,
      context: options.context,
    }),
    statusPage: statusPageOf(options, availability),
    erasures: options.erasures,
    platform: config.usage?.platform,
    settings: () => settings.status,
    reload: options.reload,
    started: clock.now(),
  });

  const { maxConnections } = config.server;
  const served = { ...defaultHttpSettings, ...config.server, maxConnections: connectionCap(maxConnections) };
  const { trail: audit, visitors } = options;
  const clients = { visitors, countryOf: countries.of };
  await visitors.load();
  const server = createServer({ backend, keys, log, audit, clock, metrics, settings: served, clients });

  const housekeeping = new AbortController();
  const housekept = runHousekeeping({
    limits: () => ({ ...settings.config.deadLetters, sinks: sinks().map(({ definition }) => definition.name) }),
    broker,
    deadLetterAdmin,
    clock,
    log,
    signal: housekeeping.signal,
  });
  const problemEvents = new ProblemEvents({
    keyValues: storage.keyValues('problem-events'),
    publish: publishThrough(publisher).publish,
    clock,
    log,
    idSecret: options.idSecret,
  });
  const status = async (): Promise<void> => {
    await backend.status();
    await problemEvents.report(backend.problems(), backend.isUnjudged);
  };
  const monitored = runMonitor({ ...backend, status, clock, log, signal: housekeeping.signal });
  onStop('housekeeping', async () => {
    housekeeping.abort();
    await Promise.all([housekept, monitored]);
  });

  const http = spawnHttp(parent, { server, board, log, onCrash: escalate });
  onStop('http', timeoutMs => ask<void>(reply => dispatch(http, { type: 'close', timeoutMs: timeoutMs / 2, reply })));
  const address = await ask<string>(reply => dispatch(http, { type: 'listen', reply }));
  return { address, rereadCertificate: () => server.reload() };
}

/** Undefined when it is off. */
function statusPageOf({ settings, board, clock }: HttpOptions, availability: Availability): StatusPage | undefined {
  const { config } = settings;
  if (!config.health.statusPage) return undefined;
  return new StatusPage({
    name: config.usage?.platform ?? 'Status of the services',
    targets: () => settings.config.health.targets.filter(({ isPublic }) => isPublic).map(publicTarget),
    services: async () => servicesOf(board.all()),
    availability: days => availability.report({ ...days, zone: 'UTC', service: undefined }),
    announced: until => availability.announced(until),
    clock,
  });
}

function publicTarget(target: Target): ShownTarget {
  const { name, group } = target;
  const calendar = new MaintenanceCalendar(target, () => []);
  return { name, group, windows: (from, until) => calendar.configuredBetween(from, until) };
}
