import type { Clock } from '../../../clock.js';
import { UnroutableError } from '../../../errors.js';
import { closeChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { isAboutMessage, operationError, replyCode, serverText } from '../errors.js';
import type { EncodedMessage } from './outgoing-message.js';
import type { PublishResult } from './pending-confirms.js';

/** How long the broker may take to confirm, ms. */
const confirmTimeoutMs = 5_000;

/**
 * Publishes one message on a confirm channel of its own: an exchange that is missing, or that the user may not use, or
 * a message that the broker does not take closes the channel, and nothing else should be on it then. Nothing is
 * declared.
 * @throws UnroutableError when there is no such exchange, SetupError when it may not be used
 */
export async function publishOnOwnChannel(
  live: LiveConnection,
  message: EncodedMessage,
  clock: Clock,
): Promise<PublishResult> {
  const over = new AbortController();
  const late = clock.sleep(confirmTimeoutMs, over.signal).then((): PublishResult => 'failed');
  try {
    return await Promise.race([published(live, message), late]);
  } finally {
    over.abort();
  }
}

async function published(
  live: LiveConnection,
  { exchange, routingKey, content, options }: EncodedMessage,
): Promise<PublishResult> {
  const channel = await live.model.createConfirmChannel();
  let error: Error | undefined;
  let result: PublishResult = 'confirmed';
  channel.on('return', () => {
    result = 'returned';
  });
  const closed = new Promise<void>(resolve => {
    channel.on('error', cause => {
      error = cause;
    });
    channel.on('close', resolve);
  });
  const confirmed = new Promise<boolean>(resolve => {
    channel.publish(exchange, routingKey, content, options, error => resolve(error === null));
  });
  const accepted = await confirmed;
  if (accepted) {
    await closeChannel(channel);
    return result;
  }
  // A nack leaves the channel open; an error closes it, and what it was is known by then.
  if (error === undefined) void closeChannel(channel);
  await closed;
  if (error === undefined || replyCode(error) === undefined) return 'failed';
  if (replyCode(error) === 404) throw new UnroutableError(`there is no exchange called ${exchange}`);
  if (isAboutMessage(error)) return { refused: `RabbitMQ does not take it: ${serverText(error)}` };
  throw operationError(exchange === '' ? 'the default exchange' : `the exchange ${exchange}`, error, 'write');
}
