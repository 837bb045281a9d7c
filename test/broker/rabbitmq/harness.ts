import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import type { QueueDefinition } from '../../../src/broker/broker.js';
import { AmqpBroker, type AmqpOptions } from '../../../src/broker/rabbitmq/broker.js';
import { systemClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import { Storage } from '../../../src/storage/storage.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import type { BrokerHarness } from '../conformance.js';

export type AmqpSettings = Partial<AmqpOptions> & {
  readonly uri: string;
  /** Where the queues are deleted in the end, when `uri` leads through something that may be broken by then. */
  readonly removeAt?: string;
  /** Queues stay. */
  readonly keep?: boolean;
};

export interface AmqpHarness extends BrokerHarness {
  readonly broker: AmqpBroker;
  reopen(): Promise<AmqpBroker>;
}

/** A broker on a server, with a storage of its own. In the end the queues are deleted. */
export async function openAmqp(
  { uri, removeAt = uri, keep = false, ...settings }: AmqpSettings,
  queues: readonly QueueDefinition[],
): Promise<AmqpHarness> {
  const folder = temporaryFolder();
  const exchange = `test.${randomUUID()}`;
  const start = async () => {
    const onFatal = (error: Error): never => {
      throw error;
    };
    const storage = await Storage.open({ dir: folder.path, clock: systemClock, log: silentLog, onFatal });
    const broker = new AmqpBroker({
      nodes: [uri],
      exchange,
      queueType: 'quorum',
      outboxBytes: 100_000_000,
      sinks: queues.map(({ sink }) => sink),
      storage,
      clock: systemClock,
      log: silentLog,
      ...settings,
    });
    await broker.open(queues);
    return { storage, broker };
  };
  const stop = async (): Promise<void> => {
    await running.broker.close();
    await running.storage.close();
  };
  let running = await start();
  return {
    broker: running.broker,
    reopen: async () => {
      await stop();
      running = await start();
      return running.broker;
    },
    close: async () => {
      await stop();
      const names = queues.flatMap(({ name, sink }) => [name, `event-sink.${sink}.dead`]);
      if (!keep) await remove(removeAt, settings.exchange ?? exchange, names);
      folder.remove();
    },
  };
}

async function remove(uri: string, exchange: string, queues: readonly string[]): Promise<void> {
  const connection = await connect(uri);
  const channel = await connection.createChannel();
  await Promise.all([...queues.map(name => channel.deleteQueue(name)), channel.deleteExchange(exchange)]);
  await channel.close();
  await connection.close();
}
