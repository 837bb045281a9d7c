import { dispatch } from 'nact';
import { ask, spawnSupervisor, stopTree } from '../actors/actor.js';
import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { spawnPublisher } from '../actors/publisher.js';
import type { Broker, QueueDefinition } from '../src/broker/broker.js';
import { EmbeddedBroker } from '../src/broker/embedded/broker.js';
import { moveEmbeddedQueues } from '../src/broker/embedded/hand-over.js';
import { AmqpBroker } from '../src/broker/rabbitmq/broker.js';
import type { BrokerConfig } from '../src/config/broker.js';
import type { Writes } from '../src/delivery/writes.js';
import { describe } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
import type { Suppression } from '../src/people/suppression.js';
import { retryUntilDone } from '../src/retry.js';
import { sinks } from '../src/sinks/registry.js';
import type { StatusLine } from '../src/status/board.js';
import { knownSinkNames } from '../src/status/known-sinks.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';
import { restartTree, resumeAfterDefect } from './restart.js';

export interface BrokerOptions extends PartOptions {
  readonly config: BrokerConfig;
  readonly storage: Storage;
  /** One for each configured sink. */
  readonly queues: readonly QueueDefinition[];
  readonly suppression: Pick<Suppression, 'clean'>;
  readonly writes: Writes;
}

export interface BrokerPart {
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  /** Those that are configured now: whatever they leave behind is known later. Never rejects. */
  putNames(sinks: readonly string[]): Promise<void>;
  /** The broker's line on the status board. */
  readonly status: StatusLine;
}

/**
 * The broker and the publisher in front of it. A broker does not fail for good: RabbitMQ is reconnected to for as long
 * as it takes, and the embedded one fails only with its storage.
 */
export async function startBroker(options: BrokerOptions): Promise<BrokerPart> {
  const { root, board, log, queues, onFailure, onStop } = options;
  const broker = await createBroker(options);
  onStop('broker', () => broker.close());
  onStop('actors', () => stopTree(root));
  const supervisor = spawnSupervisor(root, 'broker', board, restartTree(onFailure));
  const clean = (messages: readonly Message[]): readonly Message[] => options.suppression.clean(messages);
  const { writes } = options;
  const publisher = spawnPublisher(supervisor, { broker, clean, writes, board, log, onCrash: resumeAfterDefect(log) });
  await broker.open(queues);
  const stopping = new AbortController();
  const moving = moveFromEmbedded(broker, options, stopping.signal);
  onStop('move', () => {
    stopping.abort();
    return moving;
  });
  const putNames = async (names: readonly string[]): Promise<void> => {
    if (broker.kind === 'rabbitmq') await knownSinkNames(sinks, names, options.storage.keyValues('sinks'));
  };
  // What cannot be written down now is by the next reload, or start.
  return { broker, publisher, putNames: names => putNames(names).catch(() => undefined), status: supervisor.status };
}

/** What publishes is done with: whoever published has an answer. */
export function drainPublisher(publisher: Actor<PublisherMessage>): Promise<void> {
  return ask<void>(reply => dispatch(publisher, { type: 'drain', reply }));
}

/** RabbitMQ where it is configured, the embedded broker otherwise. */
async function createBroker({ config, storage, clock, log, queues }: BrokerOptions): Promise<Broker> {
  if (config.nodes.length === 0) return new EmbeddedBroker({ storage, clock, log });
  const configured = queues.map(({ sink }) => sink);
  const names = await knownSinkNames(sinks, configured, storage.keyValues('sinks'));
  return new AmqpBroker({ ...config, sinks: names, storage, clock, log });
}

/**
 * What still waits in the embedded queues of configured sinks when RabbitMQ takes over goes to each sink's own queue
 * there, in the background. Queues of sinks that are off keep what they have.
 */
async function moveFromEmbedded(
  broker: Broker,
  { queues, storage, clock, log }: BrokerOptions,
  signal: AbortSignal,
): Promise<void> {
  if (broker.kind === 'embedded') return;
  const sinks = queues.map(({ sink }) => sink);
  const move = async (): Promise<void> => {
    await moveEmbeddedQueues({ storage, log, sinks, publish: messages => broker.publish(messages) });
  };
  const onError = (error: unknown, waitMs: number): void =>
    log.warn({ reason: describe(error), waitMs }, 'move.delayed');
  await retryUntilDone(move, { clock, signal, onError });
}
