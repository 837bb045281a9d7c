import { basename } from 'node:path';
import { dispatch } from 'nact';
import { type ActorTools, ask, type Parent, type Supervisor, spawnSupervisor } from '../actors/actor.js';
import { spawnExtractions } from '../actors/extractions.js';
import { spawnExtractors } from '../actors/extractors.js';
import { spawnNginxLog } from '../actors/nginx-log.js';
import { spawnNginxStatus } from '../actors/nginx-status.js';
import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Broker } from '../src/broker/broker.js';
import { traceQueueName } from '../src/broker/queue-names.js';
import { traceExchange } from '../src/broker/rabbitmq/consume/trace-listener.js';
import { permissionCommand, removalCommand, tracingCommand } from '../src/broker/rabbitmq/permissions.js';
import type { Config } from '../src/config/config.js';
import { usageSinkOf } from '../src/config/usage.js';
import { heartbeatExchange } from '../src/extractors/heartbeats.js';
import type { CountryOf } from '../src/geoip/countries.js';
import type { LogCheckpoint } from '../src/nginx/reader.js';
import { createLogReader } from '../src/nginx/source.js';
import { ServerWindows } from '../src/nginx/stub-status/server-windows.js';
import { askStubStatus } from '../src/nginx/stub-status/stub-status.js';
import type { VisitorKeys } from '../src/nginx/traffic/visitors.js';
import { Outgoing } from '../src/outgoing.js';
import type { Suppression } from '../src/people/suppression.js';
import { atomicStore, type SourceStore, writeAheadStore } from '../src/source-store.js';
import type { Storage } from '../src/storage/storage.js';
import { startHealth } from './health.js';
import type { PartOptions } from './part.js';
import { escalate, restartTree, resumeAfterDefect } from './restart.js';

export interface SourcesOptions extends PartOptions {
  readonly config: Pick<Config, 'nginx' | 'clowder' | 'health' | 'broker' | 'proxies' | 'sinks'>;
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly suppression: Pick<Suppression, 'clean'>;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Pick<Storage, 'checkpoints' | 'keyValues' | 'read' | 'write'>;
  readonly visitors: VisitorKeys;
  readonly countryOf: CountryOf;
}

/** An opening of logs that takes longer goes on beside the rest of the start, ms. */
const followMs = 10_000;

/**
 * Everything that makes events by itself: an actor for each health target and each NGINX log, one for the heartbeats
 * of extractors, and one for extractions. Resolves when the logs are followed: a rotation right after the start is not
 * missed.
 */
export async function startSources(options: SourcesOptions): Promise<Supervisor> {
  const { root, board, log, onFailure } = options;
  const ingress = spawnSupervisor(root, 'ingress', board, restartTree(onFailure));
  const tools = { board, log, onCrash: resumeAfterDefect(log) };
  startHealth(ingress, tools, options);
  startExtractors(ingress, tools, options);
  startExtractions(ingress, tools, options);
  const followed = startNginxLogs(ingress, tools, options);
  startNginxStatus(ingress, tools, options);
  await followed;
  return ingress;
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

async function startNginxLogs(ingress: Parent, tools: ActorTools, options: SourcesOptions): Promise<void> {
  const { idSecret, visitors, countryOf, board, clock, onStop } = options;
  const config = options.config.nginx;
  const clowderUrl = options.config.clowder?.url;
  const usageSink = usageSinkOf(options.config.sinks, 'nginx');
  const { files } = config;
  if (files.length === 0) return;
  const supervisor = spawnSupervisor(ingress, 'nginx-log', board, escalate);
  const followed: Promise<void>[] = [];
  const actors = files.map((file, index) => {
    const key = `nginx/${file}`;
    const store: SourceStore<LogCheckpoint> = storeOf(key, options);
    const log = options.log.child({ log: file });
    const name = nameOf(file, files);
    const common = { config, usageSink, clowderUrl, idSecret, visitors, countryOf, clock };
    const reader = { path: file, name, store, log, ...common };
    let onFollowed = (): void => {};
    followed.push(
      new Promise(resolve => {
        onFollowed = resolve;
      }),
    );
    return spawnNginxLog(supervisor, {
      ...tools,
      log,
      number: index + 1,
      file,
      clock,
      createReader: (onHold, stopping) => createLogReader({ ...reader, onHold, stopping }),
      onFollowed,
    });
  });
  onStop('nginx logs', async () => {
    await Promise.all(actors.map(actor => ask<void>(reply => dispatch(actor, { type: 'stop', reply }))));
  });
  const enough = new AbortController();
  await Promise.race([Promise.all(followed), clock.sleep(followMs, enough.signal)]);
  enough.abort();
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
  options: Pick<SourcesOptions, 'config' | 'broker' | 'publisher' | 'storage' | 'suppression'>,
): SourceStore<Position> {
  const { config, broker, publisher, storage, suppression } = options;
  const sinks = config.sinks.map(({ definition }) => definition.name);
  const { commit, load } =
    broker.publishWith === undefined
      ? writeAheadStore<Position>(key, storage.checkpoints, publishThrough(publisher).publish, sinks)
      : atomicStore<Position>(key, storage.checkpoints, broker.publishWith.bind(broker), sinks);
  return { load, commit: (messages, position, calls) => commit(suppression.clean(messages), position, calls) };
}

/** The name alone, unless two logs have the same. */
function nameOf(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter(other => basename(other) === name).length > 1 ? file : name;
}
