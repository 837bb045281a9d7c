import { basename } from 'node:path';
import { dispatch } from 'nact';
import { type ActorTools, ask, type Parent, type Supervisor, spawnSupervisor, stopChild } from '../actors/actor.js';
import { spawnNginxLog } from '../actors/nginx-log.js';
import { spawnNginxStatus } from '../actors/nginx-status.js';
import { publishThrough } from '../actors/publisher.js';
import { usageSinkOf } from '../src/config/usage.js';
import { toBroker } from '../src/delivery/writes.js';
import type { LogCheckpoint } from '../src/nginx/reader.js';
import { createLogReader } from '../src/nginx/source.js';
import { ServerWindows } from '../src/nginx/stub-status/server-windows.js';
import { askStubStatus } from '../src/nginx/stub-status/stub-status.js';
import { Outgoing } from '../src/outgoing.js';
import { atomicStore, type SourceStore, writeAheadStore } from '../src/source-store.js';
import { actorPaths } from '../src/status/actor-paths.js';
import { Children } from './children.js';
import { escalate } from './restart.js';
import type { Source, SourcesConfig, SourcesOptions } from './source.js';

/** An opening of a log that takes longer goes on beside the rest of the start, ms. */
const followMs = 10_000;

/** What one log is read by. */
interface LogSlice {
  readonly config: Omit<SourcesConfig['nginx'], 'files' | 'statusUrl'>;
  /** In the events. */
  readonly name: string;
  readonly clowderUrl: string | undefined;
  readonly usageSink: string | undefined;
}

/** An actor for each log. It counts as started once the log is followed: a rotation right afterwards is not missed. */
export function startNginxLogs(ingress: Parent, tools: ActorTools, options: SourcesOptions): Source {
  const { idSecret, visitors, countryOf, board, clock, onStop } = options;
  let configured: readonly string[] = [];
  let supervisor: Supervisor | undefined;
  /** A log that restarts keeps its place in the tree. */
  const numbers = new Map<string, number>();
  const numberOf = (file: string): number => {
    const number = numbers.get(file) ?? numbers.size + 1;
    numbers.set(file, number);
    return number;
  };
  const children = new Children<LogSlice>({
    ...{ board, clock, log: options.log },
    pathOf: file => `${actorPaths.nginxLog}${numberOf(file)}`,
    start: async (file, { config, name, clowderUrl, usageSink }) => {
      supervisor ??= spawnSupervisor(ingress, 'nginx-log', board, escalate);
      const parent = supervisor;
      const store: SourceStore<LogCheckpoint> = storeOf(`nginx/${file}`, options);
      const log = options.log.child({ log: file });
      const common = { usageSink, clowderUrl, idSecret, visitors, countryOf, clock, configured: () => configured };
      const reader = {
        path: file,
        name,
        store,
        log,
        config: { ...config, files: [], statusUrl: undefined },
        ...common,
      };
      let onFollowed = (): void => {};
      const followed = new Promise<void>(resolve => {
        onFollowed = resolve;
      });
      const actor = spawnNginxLog(parent, {
        ...tools,
        log,
        number: numberOf(file),
        file,
        clock,
        createReader: (onHold, stopping) => createLogReader({ ...reader, onHold, stopping }),
        onFollowed,
      });
      const enough = new AbortController();
      await Promise.race([followed, clock.sleep(followMs, enough.signal)]);
      enough.abort();
      return {
        stop: async () => {
          await ask<void>(reply => dispatch(actor, { type: 'stop', reply }));
          await stopChild(parent, actor);
        },
      };
    },
  });
  onStop('nginx logs', () => children.close(options.giveUp));
  return {
    reload: ({ nginx, clowder, sinks }, hurry) => {
      const { files, statusUrl, ...config } = nginx;
      configured = files;
      const usageSink = usageSinkOf(sinks, 'nginx');
      const slice = { config, clowderUrl: clowder?.url, usageSink };
      const wanted = files.map(file => [file, { ...slice, name: nameOf(file, files) }] as const);
      return children.become(new Map(wanted), hurry);
    },
  };
}

/** Where NGINX_STATUS_URL is set. */
export function startNginxStatus(ingress: Parent, tools: ActorTools, options: SourcesOptions): Source {
  const { idSecret, board, clock, log, onStop } = options;
  const children = new Children<Pick<SourcesConfig, 'proxies'> & { readonly url: string; readonly windowMs: number }>({
    ...{ board, clock, log },
    pathOf: () => actorPaths.nginxStatus,
    start: (_name, { url, windowMs, proxies }) => {
      const outgoing = new Outgoing(proxies);
      const actor = spawnNginxStatus(ingress, {
        ...tools,
        ...{ url, windowMs, clock, log },
        ask: signal => askStubStatus(url, outgoing, signal),
        windows: new ServerWindows({ windowMs, idSecret }),
        store: storeOf('nginx-status', options),
      });
      return {
        stop: async () => {
          await ask<void>(reply => dispatch(actor, { type: 'close', reply }));
          await stopChild(ingress, actor);
        },
      };
    },
  });
  onStop('nginx status', () => children.close(options.giveUp));
  return {
    reload: ({ nginx: { statusUrl: url, windowMs }, proxies }, hurry) =>
      children.become(new Map(url === undefined ? [] : [['nginx-status', { url, windowMs, proxies }]]), hurry),
  };
}

function storeOf<Position>(
  key: string,
  options: Pick<SourcesOptions, 'sinks' | 'broker' | 'publisher' | 'storage' | 'suppression' | 'writes'>,
): SourceStore<Position> {
  const { sinks, broker, publisher, storage, suppression, writes } = options;
  const { commit, load } =
    broker.publishWith === undefined
      ? writeAheadStore<Position>(key, storage.checkpoints, publishThrough(publisher).publish, sinks)
      : atomicStore<Position>(key, storage.checkpoints, broker.publishWith.bind(broker), sinks);
  return {
    load,
    commit: (messages, position, calls) =>
      writes.during(toBroker, () => commit(suppression.clean(messages), position, calls)),
  };
}

/** The name alone, unless two logs have the same. */
function nameOf(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter(other => basename(other) === name).length > 1 ? file : name;
}
