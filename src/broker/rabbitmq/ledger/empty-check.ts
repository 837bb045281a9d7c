import { silentLog } from '../../../log.js';
import { onChannel } from '../channel.js';
import { Connection, type ConnectionOptions } from '../connection.js';

/** What RabbitMQ may take to answer, ms. */
const answerTimeoutMs = 3_000;

/**
 * Whether a queue is known to be empty. A passive declare answers with zeros also for a quorum queue without a leader;
 * only a leader answers a get. Without one RabbitMQ ends the whole connection, so this has one of its own. A message
 * that is there after all goes back with it.
 */
export async function isEmpty(queue: string, options: Omit<ConnectionOptions, 'name' | 'onChange'>): Promise<boolean> {
  const { nodes, clock } = options;
  const connection = new Connection({ ...options, nodes, name: 'event-sink checking', log: silentLog });
  const over = new AbortController();
  try {
    await connection.open();
    const live = connection.now();
    if (live === undefined) return false;
    const answer = onChannel(live, async channel => (await channel.get(queue)) === false);
    const noAnswer = clock.sleep(answerTimeoutMs, over.signal).then(() => false);
    return await Promise.race([answer.catch(() => false), noAnswer]);
  } finally {
    over.abort();
    await connection.close();
  }
}
