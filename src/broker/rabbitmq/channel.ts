import type { Channel } from 'amqplib';
import type { Live } from './connection.js';

/**
 * Works on a channel of its own, which is closed afterwards: a failure on it (a queue that is not there) ends no other.
 * @throws what the work throws, with the server's code
 */
export async function onChannel<Result>(live: Live, work: (channel: Channel) => Promise<Result>): Promise<Result> {
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

/** What was sent before is at the broker when it resolves. amqplib's own promise would wait for ever when the connection is lost meanwhile. */
export function closeChannel(channel: Channel): Promise<void> {
  return new Promise(resolve => {
    channel.once('close', resolve);
    channel.close().catch(() => resolve());
  });
}
