import type { Channel } from 'amqplib';
import type { LiveConnection } from './connection.js';
import { replyCode } from './errors.js';

/**
 * Works on a channel of its own, which is closed afterwards: a failure on it (a queue that is not there) ends no other.
 * @throws what the work throws, with the server's code
 */
export async function onChannel<Result>(
  live: LiveConnection,
  work: (channel: Channel) => Promise<Result>,
): Promise<Result> {
  const channel = await live.model.createChannel();
  let open = true;
  channel.on('error', () => {});
  channel.on('close', () => {
    open = false;
  });
  try {
    return await work(channel);
  } finally {
    if (open) await closeChannel(channel);
  }
}

/** Whether what a passive declare asks for is there. @throws what else went wrong */
export async function isThere(live: LiveConnection, ask: (channel: Channel) => Promise<unknown>): Promise<boolean> {
  try {
    await onChannel(live, ask);
    return true;
  } catch (error) {
    if (replyCode(error) === 404) return false;
    throw error;
  }
}

/**
 * Resolves when everything sent before is at the broker, or the connection is lost: then
 * amqplib's own promise would wait for ever.
 */
export function closeChannel(channel: Channel): Promise<void> {
  return new Promise(resolve => {
    channel.once('close', resolve);
    channel.close().catch(() => resolve());
  });
}
