import { SetupError, TransientError, UnsupportedError } from '../../../errors.js';
import type { QueueDefinition, QueueInfo } from '../../broker.js';
import { onChannel } from '../channel.js';
import { Connection, type ConnectionOptions } from '../connection.js';
import { operationError } from '../errors.js';
import { queueName } from './declare.js';
import { Inspector } from './inspector.js';

export interface QueueListOptions {
  readonly connection: Connection;
  readonly inspector: Inspector;
  /** Names of all sinks there are, configured or not: those that are not may have left a queue behind. */
  readonly sinks: readonly string[];
  readonly configured: () => readonly QueueDefinition[];
}

/** From outside a daemon, over a connection of its own. @throws TransientError when no node can be reached */
export async function openQueueList(options: ConnectionOptions & Pick<QueueListOptions, 'sinks' | 'configured'>) {
  const connection = new Connection(options);
  await connection.open();
  const { error } = connection;
  if (error !== undefined) {
    await connection.close();
    throw new TransientError(error);
  }
  const queues = new QueueList({ ...options, connection, inspector: new Inspector(connection, options.clock) });
  return {
    list: () => queues.list(),
    remove: (name: string) => queues.remove(name),
    close: () => connection.close(),
  };
}

/** RabbitMQ tells nobody what queues there are, so those are looked for whose names we know. */
export class QueueList {
  readonly #options: QueueListOptions;

  constructor(options: QueueListOptions) {
    this.#options = options;
  }

  /** Those that are there. */
  async list(): Promise<QueueInfo[]> {
    const configured = new Set(this.#options.configured().map(({ name }) => name));
    const found: QueueInfo[] = [];
    for (const [name, sink] of this.#names()) {
      const look = await this.#options.inspector.look(name);
      if (look === undefined) continue;
      const { messages: ready, consumers } = look;
      found.push({ name, sink, ready, consumers, orphaned: !configured.has(name) && consumers === 0 });
    }
    return found;
  }

  /** Only one of ours, and only when nobody consumes it. @throws UnsupportedError, SetupError, TransientError */
  async remove(name: string): Promise<void> {
    const { connection, inspector } = this.#options;
    if (!this.#names().has(name)) {
      throw new UnsupportedError(`${name} is no queue of event-sink's: remove it with RabbitMQ's own tools`);
    }
    const look = await inspector.lookNow(name);
    if (look === undefined) throw new UnsupportedError(`there is no queue called ${name}`);
    // Quorum queues know no deletion on condition that it is unused: they answer by closing the connection.
    if (look.consumers > 0) throw new SetupError(`the queue ${name} has consumers: stop them first`);
    const live = connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${connection.error}`);
    try {
      await onChannel(live, channel => channel.deleteQueue(name));
    } catch (error) {
      throw operationError(`the queue ${name}`, error);
    } finally {
      inspector.forget(name);
    }
  }

  /** With their sinks. */
  #names(): Map<string, string> {
    const { sinks, configured } = this.#options;
    return new Map([
      ...configured().map(({ name, sink }) => [name, sink] as const),
      ...sinks.map(sink => [queueName(sink), sink] as const),
    ]);
  }
}
