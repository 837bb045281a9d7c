import { randomUUID } from 'node:crypto';
import { TransientError } from '../../../errors.js';
import { onChannel } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { operationError } from '../errors.js';

/** What the broker may take for one message, ms. */
const answerMs = 5_000;

/**
 * One message through a queue that lives as long as this does. A broker that is short of memory or disk takes nothing,
 * and says so only when something is published. @throws TransientError when it does not come back, SetupError when such
 * a queue may not be made
 */
export async function roundTrip(live: LiveConnection): Promise<void> {
  const name = `event-sink.check.${randomUUID()}`;
  let blocked: string | undefined;
  live.model.on('blocked', reason => {
    blocked = reason;
  });
  const sent = onChannel(live, async channel => {
    await channel.assertQueue(name, { exclusive: true, autoDelete: true, durable: false });
    const arrival = new Promise<void>(resolve => {
      void channel.consume(name, () => resolve(), { noAck: true }).catch(() => {});
    });
    channel.sendToQueue(name, Buffer.from('{}'));
    await arrival;
  });
  try {
    // All of it, the end of the channel too: a broker that takes nothing does not even read that it ends.
    await inTime(sent, () => blocked);
  } catch (error) {
    throw error instanceof TransientError ? error : operationError(`the queue ${name}`, error, 'configure');
  }
}

async function inTime(sent: Promise<void>, blocked: () => string | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = blocked();
      const why = reason === undefined ? '' : `: it takes none now (${reason})`;
      reject(new TransientError(`RabbitMQ did not hand a message over within ${answerMs / 1000} s${why}`));
    }, answerMs);
  });
  try {
    await Promise.race([sent, late]);
  } finally {
    sent.catch(() => {});
    clearTimeout(timer);
  }
}
