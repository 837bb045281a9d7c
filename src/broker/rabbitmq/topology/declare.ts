import { SetupError } from '../../../errors.js';
import { isThere, onChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { operationError, replyCode } from '../errors.js';

export type QueueType = 'quorum' | 'classic';

/**
 * RabbitMQ 4.0 would drop a message at its 21st delivery without a limit of ours, 3.10 takes -1 for none at all, and
 * arguments can never be changed: so every quorum queue of ours has the same high limit on all versions. Classic queues
 * know no limit, and refuse to be given one.
 */
export function queueArguments(type: QueueType, singleConsumer = false): Record<string, string | number | boolean> {
  return {
    'x-queue-type': type,
    ...(type === 'quorum' ? { 'x-delivery-limit': 1_000_000 } : {}),
    ...(singleConsumer ? { 'x-single-active-consumer': true } : {}),
  };
}

/** As Clowder declares it. One that we may not declare will do when it is there. @throws SetupError, TransientError */
export async function declareExchange(live: LiveConnection, exchange: string): Promise<void> {
  try {
    await onChannel(live, channel => channel.assertExchange(exchange, 'fanout', { durable: true }));
  } catch (error) {
    if (replyCode(error) === 403 && (await isThere(live, channel => channel.checkExchange(exchange)))) return;
    const refusal = operationError(`the exchange ${exchange}`, error, 'configure');
    if (replyCode(error) !== 406) throw refusal;
    throw new SetupError(
      `${refusal.message}. Clowder and event-sink need a durable fanout exchange without arguments: delete this one, or name another in RABBITMQ_EXCHANGENAME`,
    );
  }
}

/** @throws SetupError, TransientError */
export async function declareQueue(
  live: LiveConnection,
  name: string,
  type: QueueType,
  singleConsumer = false,
): Promise<void> {
  const options = { durable: true, arguments: queueArguments(type, singleConsumer) };
  try {
    await onChannel(live, channel => channel.assertQueue(name, options));
  } catch (error) {
    const refusal = operationError(`the queue ${name}`, error, 'configure');
    if (replyCode(error) !== 406) throw refusal;
    throw new SetupError(
      `${refusal.message}. Either set RABBITMQ_QUEUE_TYPE to the type that it has; or use it as it is, by naming it in the sink's own *_QUEUE setting; or empty it and remove it (event-sink queues remove ${name}), and it is declared anew`,
    );
  }
}

/**
 * Costs nothing when it is bound already. @throws SetupError, TransientError; with `code` 404 when the
 * exchange or the queue is not there
 */
export async function bindQueue(live: LiveConnection, name: string, exchange: string): Promise<void> {
  await onChannel(live, channel => channel.bindQueue(name, exchange, ''));
}
