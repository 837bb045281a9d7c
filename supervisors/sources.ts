import { basename } from 'node:path';
import { dispatch } from 'nact';
import { type ActorTools, ask, type Parent, type Supervisor, spawnSupervisor } from '../actors/actor.js';
import { spawnExtractions } from '../actors/extractions.js';
import { spawnExtractors } from '../actors/extractors.js';
import { spawnHealthPing } from '../actors/health-ping.js';
import { spawnNginxLog } from '../actors/nginx-log.js';
import { spawnNginxStatus } from '../actors/nginx-status.js';
import type { Actor, HealthPingMessage, PublisherMessage, PublishObserver } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Broker } from '../src/broker/broker.js';
import { traceQueueName } from '../src/broker/queue-names.js';
import { traceExchange } from '../src/broker/rabbitmq/consume/trace-listener.js';
import { permissionCommand, removalCommand, tracingCommand } from '../src/broker/rabbitmq/permissions.js';
import type { Config } from '../src/config/config.js';
import { usageSinkOf } from '../src/config/usage.js';
import { describe } from '../src/errors.js';
import { heartbeatExchange } from '../src/extractors/heartbeats.js';
import type { CountryOf } from '../src/geoip/countries.js';
import { correctionOf, declarationOf } from '../src/health/declaration.js';
import { spread } from '../src/health/fixed-rate.js';
import { FlushSchedule } from '../src/health/flush-schedule.js';
import { runOf } from '../src/health/run.js';
import type { Log } from '../src/log.js';
import type { LogCheckpoint } from '../src/nginx/reader.js';
import { createLogReader } from '../src/nginx/source.js';
import { ServerWindows } from '../src/nginx/stub-status/server-windows.js';
import { askStubStatus } from '../src/nginx/stub-status/stub-status.js';
import type { VisitorKeys } from '../src/nginx/traffic/visitors.js';
import { Outgoing } from '../src/outgoing.js';
import { atomicStore, type SourceStore, writeAheadStore } from '../src/source-store.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';
import { escalate, restartTree, resumeAfterDefect } from './restart.js';

export interface SourcesOptions extends PartOptions {
  readonly config: Pick<Config, 'nginx' | 'clowder' | 'health' | 'broker' | 'proxies' | 'sinks'>;
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Pick<Storage, 'checkpoints' | 'keyValues' | 'read' | 'write'>;
  readonly visitors: VisitorKeys;
  readonly countryOf: CountryOf;
}

/** How often measurements and routine checkpoints of all health targets are written together, ms. */
const flushMs = 500;

/**
 * Everything that makes events by itself: an actor for each health target and each NGINX log, one for the heartbeats
 * of extractors, and one for extractions.
 */
export function startSources(options: SourcesOptions): Supervisor {
  const { root, board, log, onFailure } = options;
  const ingress = spawnSupervisor(root, 'ingress', board, restartTree(onFailure));
  const tools = { board, log, onCrash: resumeAfterDefect(log) };
  startHealth(ingress, tools, options);
  startExtractors(ingress, tools, options);
  startExtractions(ingress, tools, options);
  startNginxLogs(ingress, tools, options);
  startNginxStatus(ingress, tools, options);
  return ingress;
}

function startHealth(ingress: Parent, tools: ActorTools, options: SourcesOptions): void {
  const { config, idSecret, broker, publisher, storage, board, clock, log, onStop } = options;
  const { targets } = config.health;
  if (targets.length === 0) {
    dispatch(publisher, { type: 'observe', observer: declarationsTo(new Map(), storage, log) });
    return;
  }
  const supervisor = spawnSupervisor(ingress, 'health', board, escalate);
  const outgoing = new Outgoing(config.proxies);
  const flushes = new FlushSchedule(clock, flushMs);
  const actors = new Map<string, Actor<HealthPingMessage>>();
  const actorsOf = (names: readonly string[]) => names.flatMap(name => actors.get(name) ?? []);
  for (const [index, target] of targets.entries()) {
    const dependents = targets.filter(({ dependsOn }) => dependsOn.includes(target.name)).map(({ name }) => name);
    const actor = spawnHealthPing(supervisor, {
      ...tools,
      target,
      idSecret,
      run: runOf(target, { broker, clock, outgoing }),
      publish: publishThrough(publisher).publish,
      checkpoints: storage.checkpoints,
      nextFlush: flushes.next,
      keep: seen => storage.write('keepAvailability', seen),
      clock,
      // The first runs are spread out over the interval.
      delayMs: spread(index, targets.length) * target.intervalMs,
      family: { parents: () => actorsOf(target.dependsOn), dependents: () => actorsOf(dependents) },
    });
    actors.set(target.name, actor);
  }
  dispatch(publisher, { type: 'observe', observer: declarationsTo(actors, storage, log) });
  onStop('health', async () => {
    flushes.close();
    await Promise.all([...actors.values()].map(actor => ask<void>(reply => dispatch(actor, { type: 'close', reply }))));
  });
}

/** Whoever publishes a declaration has an answer once it is written down, and its target has saved it. */
function declarationsTo(
  actors: ReadonlyMap<string, Actor<HealthPingMessage>>,
  storage: SourcesOptions['storage'],
  log: Log,
): PublishObserver {
  return async messages => {
    for (const message of messages) {
      const declaration = declarationOf(message);
      if (declaration === undefined) continue;
      await storage.write('keepCorrection', correctionOf(declaration)).catch((error: unknown) => {
        log.error({ event: message.id, reason: describe(error) }, 'correction.lost');
      });
      const actor = actors.get(declaration.service);
      if (actor) await ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
    }
  };
}

/** Where EXTRACTOR_HEARTBEATS is on. */
function startExtractors(ingress: Parent, tools: ActorTools, options: SourcesOptions): void {
  const { config, publisher, storage, clock, onStop } = options;
  const { heartbeats, nodes } = config.broker;
  if (!heartbeats || nodes.length === 0) return;
  const { publish } = publishThrough(publisher);
  const actor = spawnExtractors(ingress, { ...tools, nodes, publish, checkpoints: storage.checkpoints, clock });
  onStop('extractors', () => ask<void>(reply => dispatch(actor, { type: 'close', reply })));
}

/** Where EXTRACTION_EVENTS is on. */
function startExtractions(ingress: Parent, tools: ActorTools, options: SourcesOptions): void {
  const { config, idSecret, publisher, storage, clock, onStop } = options;
  const { extractions, nodes, stuckMs, exchange, heartbeats } = config.broker;
  const [node] = nodes;
  if (!extractions || node === undefined) return;
  const adopted = config.sinks.filter(({ queue }) => queue.adopted).map(({ queue }) => queue.name);
  const heard = heartbeats ? heartbeatExchange : undefined;
  const permissions = permissionCommand({ node, exchange, adopted, heartbeats: heard, traces: traceExchange });
  const actor = spawnExtractions(ingress, {
    ...tools,
    nodes,
    idSecret,
    publish: publishThrough(publisher).publish,
    storage,
    stuckMs,
    commands: { tracing: tracingCommand(node), permissions, removal: removalCommand(node, traceQueueName) },
    clock,
  });
  onStop('extractions', () => ask<void>(reply => dispatch(actor, { type: 'close', reply })));
}

function startNginxLogs(ingress: Parent, tools: ActorTools, options: SourcesOptions): void {
  const { idSecret, visitors, countryOf, board, clock, onStop } = options;
  const config = options.config.nginx;
  const clowderUrl = options.config.clowder?.url;
  const usageSink = usageSinkOf(options.config.sinks, 'nginx');
  const { files } = config;
  if (files.length === 0) return;
  const supervisor = spawnSupervisor(ingress, 'nginx-log', board, escalate);
  const actors = files.map((file, index) => {
    const key = `nginx/${file}`;
    const store: SourceStore<LogCheckpoint> = storeOf(key, options);
    const log = options.log.child({ log: file });
    const name = nameOf(file, files);
    const common = { config, usageSink, clowderUrl, idSecret, visitors, countryOf, clock };
    const reader = { path: file, name, store, log, ...common };
    return spawnNginxLog(supervisor, {
      ...tools,
      log,
      number: index + 1,
      file,
      clock,
      createReader: (onHold, stopping) => createLogReader({ ...reader, onHold, stopping }),
    });
  });
  onStop('nginx logs', async () => {
    await Promise.all(actors.map(actor => ask<void>(reply => dispatch(actor, { type: 'stop', reply }))));
  });
}

/** Where NGINX_STATUS_URL is set. */
function startNginxStatus(ingress: Parent, tools: ActorTools, options: SourcesOptions): void {
  const { config, idSecret, clock, log, onStop } = options;
  const { statusUrl: url, windowMs } = config.nginx;
  if (url === undefined) return;
  const outgoing = new Outgoing(config.proxies);
  const actor = spawnNginxStatus(ingress, {
    ...tools,
    ...{ url, windowMs, clock, log },
    ask: signal => askStubStatus(url, outgoing, signal),
    windows: new ServerWindows({ windowMs, idSecret }),
    store: storeOf('nginx-status', options),
  });
  onStop('nginx status', () => ask<void>(reply => dispatch(actor, { type: 'close', reply })));
}

function storeOf<Position>(
  key: string,
  { config, broker, publisher, storage }: Pick<SourcesOptions, 'config' | 'broker' | 'publisher' | 'storage'>,
): SourceStore<Position> {
  const sinks = config.sinks.map(({ definition }) => definition.name);
  return broker.publishWith === undefined
    ? writeAheadStore(key, storage.checkpoints, publishThrough(publisher).publish, sinks)
    : atomicStore(key, storage.checkpoints, broker.publishWith.bind(broker), sinks);
}

/** The name alone, unless two logs have the same. */
function nameOf(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter(other => basename(other) === name).length > 1 ? file : name;
}
