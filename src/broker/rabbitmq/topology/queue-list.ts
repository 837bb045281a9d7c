import { SetupError, TransientError, UnsupportedError } from '../../../errors.js';
import type { QueueDefinition, QueueInfo } from '../../broker.js';
import { queueName } from '../../queue-names.js';
import { onChannel } from '../channel.js';
import { Connection, type ConnectionOptions } from '../connection.js';
import { operationError } from '../errors.js';
import { Inspector } from './inspector.js';

export interface QueueListOptions {
  readonly connection: Connection;
  readonly inspector: Inspector;
  /** Names of all sinks there are, configured or not: those that are not may have left a queue behind. */
  readonly sinks: readonly string[];
  readonly configured: () => readonly QueueDefinition[];
}

/**
 * For the command line: the queues over a connection of their own. @throws TransientError when no node can be reached
 */
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

/** AMQP cannot list queues, so those whose names we know are looked up one by one. */
export class QueueList {
  readonly #options: QueueListOptions;

  constructor(options: QueueListOptions) {
    this.#options = options;
  }

  /** Those that exist. */
  async list(): Promise<QueueInfo[]> {
    const configured = new Set(this.#options.configured().map(({ name }) => name));
    const found: QueueInfo[] = [];
    for (const [name, sink] of this.#names()) {
      const depth = await this.#options.inspector.inspect(name);
      if (depth === undefined) continue;
      const { messages: ready, consumers } = depth;
      found.push({ name, sink, ready, consumers, orphaned: !configured.has(name) && consumers === 0 });
    }
    return found;
  }

  /** Only one of ours, and only when nobody consumes it. @throws UnsupportedError, SetupError, TransientError */
  async remove(name: string): Promise<void> {
    const { connection, inspector } = this.#options;
    if (!this.#names().has(name)) {
      throw new UnsupportedError(`${name} is not a queue of event-sink: remove it with RabbitMQ's own tools`);
    }
    const depth = await inspector.inspectNow(name);
    if (depth === undefined) throw new UnsupportedError(`there is no queue called ${name}`);
    // `ifUnused` is not for quorum queues: RabbitMQ answers it by closing the connection.
    if (depth.consumers > 0) throw new SetupError(`the queue ${name} has consumers: stop them first`);
    const live = connection.now();
    if (live === undefined) throw new TransientError(`no connection to RabbitMQ: ${connection.error}`);
    try {
      await onChannel(live, channel => channel.deleteQueue(name));
    } catch (error) {
      throw operationError(`the queue ${name}`, error, 'configure');
    } finally {
      inspector.forget(name);
    }
  }

  /** Names of queues, with the sink of each. */
  #names(): Map<string, string> {
    const { sinks, configured } = this.#options;
    return new Map([
      ...configured().map(({ name, sink }) => [name, sink] as const),
      ...sinks.map(sink => [queueName(sink), sink] as const),
    ]);
  }
}
