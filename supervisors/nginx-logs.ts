import { basename } from 'node:path';
import { dispatch, type Ref } from 'nact';
import { spawnNginxLog } from '../actors/nginx-log.js';
import { ask } from '../actors/protocol.js';
import type { Broker } from '../src/broker/broker.js';
import type { Clock } from '../src/clock.js';
import type { Message } from '../src/events/message.js';
import type { Log } from '../src/log.js';
import type { NginxConfig } from '../src/nginx/nginx-config.js';
import type { LogCheckpoint } from '../src/nginx/reader.js';
import { createLogReader } from '../src/nginx/source.js';
import { atomicStore, type SourceStore, writeAheadStore } from '../src/nginx/store.js';
import { VisitorKeys } from '../src/nginx/visitors.js';
import type { StatusBoard } from '../src/status/board.js';
import type { Storage } from '../src/storage/storage.js';

export interface NginxLogsOptions {
  readonly config: NginxConfig;
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly broker: Broker;
  readonly storage: Pick<Storage, 'checkpoints' | 'keyValues'>;
  /** Through the publisher actor; resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/** An actor for each log. */
export function superviseNginxLogs(parent: Ref<never>, options: NginxLogsOptions): { close(): Promise<void> } {
  const { config, broker, storage, publish, board, clock } = options;
  const { files } = config;
  const publishWith = broker.publishWith?.bind(broker);
  const visitors = new VisitorKeys(storage.keyValues('nginx.visitors'), clock);
  const actors = files.map((file, index) => {
    const key = `nginx/${file}`;
    const store: SourceStore<LogCheckpoint> =
      publishWith === undefined
        ? writeAheadStore(key, storage.checkpoints, publish)
        : atomicStore(key, storage.checkpoints, publishWith);
    const log = options.log.child({ log: file });
    return spawnNginxLog(parent, {
      index,
      path: `ingress/nginx-log/${index + 1}`,
      file,
      board,
      clock,
      log,
      createReader: (onHold, stopping) =>
        createLogReader({
          path: file,
          name: nameOf(file, files),
          config,
          visitors,
          store,
          clock,
          log,
          onHold,
          stopping,
        }),
    });
  });
  return {
    close: async () => {
      await Promise.all(actors.map(actor => ask<void>(reply => dispatch(actor, { type: 'stop', reply }))));
    },
  };
}

/** The name alone, unless two logs have the same. */
function nameOf(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter(other => basename(other) === name).length > 1 ? file : name;
}
