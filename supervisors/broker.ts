import type { Broker, QueueDefinition } from '../src/broker/broker.js';
import { EmbeddedBroker } from '../src/broker/embedded/broker.js';
import { moveEmbeddedQueues } from '../src/broker/embedded/hand-over.js';
import { AmqpBroker } from '../src/broker/rabbitmq/broker.js';
import type { Clock } from '../src/clock.js';
import type { BrokerConfig } from '../src/config/broker.js';
import { describe } from '../src/errors.js';
import { HeartbeatListener, type HeartbeatOptions } from '../src/extractors/heartbeats.js';
import type { Log } from '../src/log.js';
import { retryUntilDone } from '../src/retry.js';
import { sinks } from '../src/sinks/registry.js';
import type { Storage } from '../src/storage/storage.js';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
}

/** RabbitMQ where it is configured, the embedded broker otherwise. */
export function createBroker({ config, storage, clock, log }: BrokerOptions): Broker {
  if (config.nodes.length === 0) return new EmbeddedBroker({ storage, clock, log });
  const names = sinks.map(({ name }) => name);
  return new AmqpBroker({ ...config, sinks: names, storage, clock, log });
}

/**
 * What still waits in the embedded queues of configured sinks when RabbitMQ takes over goes to each sink's own queue there: in the background, until
 * it is through. Queues of sinks that are off keep what they have.
 */
export async function moveFromEmbedded(
  broker: Broker,
  queues: readonly QueueDefinition[],
  { storage, clock, log, signal }: Omit<BrokerOptions, 'config'> & { readonly signal: AbortSignal },
): Promise<void> {
  if (broker.kind === 'embedded') return;
  const sinks = queues.map(({ sink }) => sink);
  const move = async (): Promise<void> => {
    await moveEmbeddedQueues({ storage, log, sinks, publish: (messages, sink) => broker.publish(messages, sink) });
  };
  const onError = (error: unknown, waitMs: number): void =>
    log.warn({ reason: describe(error), waitMs }, 'move.delayed');
  await retryUntilDone(move, { clock, signal, onError });
}

export interface ExtractorOptions extends Omit<HeartbeatOptions, 'nodes'> {
  readonly config: BrokerConfig;
}

/** Hears extractors where EXTRACTOR_HEARTBEATS is on. */
export function listenToExtractors({ config, ...options }: ExtractorOptions): Pick<HeartbeatListener, 'close'> {
  if (!config.heartbeats || config.nodes.length === 0) return { close: async () => {} };
  const listener = new HeartbeatListener({ ...options, nodes: config.nodes });
  listener.open();
  return listener;
}
