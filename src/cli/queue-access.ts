import { existsSync } from 'node:fs';
import type { QueueInfo } from '../broker/broker.js';
import { EmbeddedBroker } from '../broker/embedded/broker.js';
import { openQueueList } from '../broker/rabbitmq/topology/queue-list.js';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import { UnsupportedError } from '../errors.js';
import { silentLog } from '../log.js';
import { sinks } from '../sinks/registry.js';
import { namedSinkOf } from '../status/known-sinks.js';
import { databaseFile } from '../storage/files.js';
import type { QueueState } from '../storage/queues.js';
import { Reader } from '../storage/reader.js';
import { Storage } from '../storage/storage.js';

/** The queues of the broker, seen from outside the daemon. */
export interface Queues {
  list(): Promise<readonly QueueInfo[]>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

/** @throws SetupError when something is to be changed on the embedded broker while a daemon runs */
export async function openQueues(config: Config, clock: Clock, toChange: boolean, asked?: string): Promise<Queues> {
  const named = asked === undefined ? undefined : namedSinkOf(asked, sinks);
  if (config.broker.nodes.length > 0) {
    return openQueueList({
      ...config.broker,
      name: 'event-sink queues',
      // A sink under a name of its own that is configured no more is known by the name that is asked for.
      sinks: [...sinks.map(({ name }) => name), ...(named === undefined ? [] : [named])],
      configured: () => config.sinks.map(({ queue }) => queue),
      clock,
      log: silentLog,
    });
  }
  const configured = new Set(config.sinks.map(({ queue }) => queue.name));
  const seen = ({ name, sink, pending }: QueueState): QueueInfo => ({
    name,
    sink,
    ready: pending,
    consumers: 0,
    orphaned: !configured.has(name),
  });
  const dir = config.server.dataDir;
  if (!toChange) return looking(dir, seen);
  const storage = await Storage.open({ dir, clock, log: silentLog, onFatal: () => {} });
  const broker = new EmbeddedBroker({ storage, clock, log: silentLog });
  return {
    list: async () => (await storage.read('queueStates')).map(seen),
    remove: name => broker.removeQueue(name),
    close: () => storage.close(),
  };
}

/** Reads beside a daemon that runs. */
function looking(dir: string, seen: (state: QueueState) => QueueInfo): Queues {
  const reader = new Reader(dir, () => {});
  return {
    list: async () =>
      existsSync(databaseFile(dir)) ? ((await reader.read('queueStates', undefined)) as QueueState[]).map(seen) : [],
    remove: () => Promise.reject(new UnsupportedError('opened for reading')),
    close: () => reader.close(),
  };
}
