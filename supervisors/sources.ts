import { dispatch } from 'nact';
import { type ActorTools, ask, type Parent, type Supervisor, spawnSupervisor, stopChild } from '../actors/actor.js';
import { spawnExtractions } from '../actors/extractions.js';
import { spawnExtractors } from '../actors/extractors.js';
import { publishThrough } from '../actors/publisher.js';
import { traceQueueName } from '../src/broker/queue-names.js';
import { traceExchange } from '../src/broker/rabbitmq/consume/trace-listener.js';
import { permissionCommand, removalCommand, tracingCommand } from '../src/broker/rabbitmq/permissions.js';
import type { Config } from '../src/config/config.js';
import { heartbeatExchange } from '../src/extractors/heartbeats.js';
import { actorPaths } from '../src/status/actor-paths.js';
import { Children } from './children.js';
import { startHealth } from './health.js';
import { startNginxLogs, startNginxStatus } from './nginx.js';
import { restartTree, resumeAfterDefect } from './restart.js';
import type { Source, SourcesOptions } from './source.js';

/**
 * Everything that makes events by itself: an actor for each health target and each NGINX log, one for the heartbeats
 * of extractors, and one for extractions. Resolves when the logs are followed: a rotation right after the start is not
 * missed.
 */
export async function startSources(options: SourcesOptions): Promise<Source & { readonly ingress: Supervisor }> {
  const { root, board, log, onFailure, config, giveUp } = options;
  const ingress = spawnSupervisor(root, 'ingress', board, restartTree(onFailure));
  const tools = { board, log, onCrash: resumeAfterDefect(log) };
  const sources = [
    startHealth(ingress, tools, options),
    startExtractors(ingress, tools, options),
    startExtractions(ingress, tools, options),
    startNginxLogs(ingress, tools, options),
    startNginxStatus(ingress, tools, options),
  ];
  const reload: Source['reload'] = async (now, hurry) =>
    (await Promise.all(sources.map(source => source.reload(now, hurry)))).flat();
  await reload(config, giveUp);
  return { ingress, reload };
}

/** Where EXTRACTOR_HEARTBEATS is on. */
function startExtractors(ingress: Parent, tools: ActorTools, options: SourcesOptions): Source {
  const { publisher, storage, board, clock, log, onStop, giveUp } = options;
  const { publish } = publishThrough(publisher);
  const children = new Children<readonly string[]>({
    ...{ board, clock, log },
    pathOf: () => actorPaths.extractors,
    start: (_name, nodes) => {
      const actor = spawnExtractors(ingress, { ...tools, nodes, publish, checkpoints: storage.checkpoints, clock });
      return {
        stop: async () => {
          await ask<void>(reply => dispatch(actor, { type: 'close', reply }));
          await stopChild(ingress, actor);
        },
      };
    },
  });
  onStop('extractors', () => children.close(giveUp));
  return {
    reload: ({ broker: { heartbeats, nodes } }, hurry) =>
      children.become(new Map(heartbeats && nodes.length > 0 ? [['extractors', nodes]] : []), hurry),
  };
}

interface ExtractionsSlice extends Pick<Config['broker'], 'nodes' | 'stuckMs' | 'exchange' | 'heartbeats'> {
  /** Queues that somebody else declares. */
  readonly adopted: readonly string[];
}

/** Where EXTRACTION_EVENTS is on. */
function startExtractions(ingress: Parent, tools: ActorTools, options: SourcesOptions): Source {
  const { idSecret, publisher, storage, suppression, writes, board, clock, log, onStop, giveUp } = options;
  const children = new Children<ExtractionsSlice>({
    ...{ board, clock, log },
    pathOf: () => actorPaths.extractions,
    start: (_name, { nodes, stuckMs, exchange, heartbeats, adopted }) => {
      const node = nodes[0]!;
      const heard = heartbeats ? heartbeatExchange : undefined;
      const permissions = permissionCommand({ node, exchange, adopted, heartbeats: heard, traces: traceExchange });
      const actor = spawnExtractions(ingress, {
        ...tools,
        nodes,
        idSecret,
        publish: publishThrough(publisher).publish,
        ...{ storage, suppression, writes },
        stuckMs,
        commands: { tracing: tracingCommand(node), permissions, removal: removalCommand(node, traceQueueName) },
        clock,
      });
      return {
        stop: async () => {
          await ask<void>(reply => dispatch(actor, { type: 'close', reply }));
          await stopChild(ingress, actor);
        },
      };
    },
  });
  onStop('extractions', () => children.close(giveUp));
  return {
    reload: ({ broker: { extractions, nodes, stuckMs, exchange, heartbeats }, sinks }, hurry) => {
      const adopted = sinks.filter(({ queue }) => queue.adopted).map(({ queue }) => queue.name);
      const slice = { nodes, stuckMs, exchange, heartbeats, adopted };
      return children.become(new Map(extractions && nodes.length > 0 ? [['extractions', slice]] : []), hurry);
    },
  };
}
