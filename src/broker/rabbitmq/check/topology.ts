import type { QueueDefinition } from '../../broker.js';
import { isThere } from '../channel.js';
import type { LiveConnection } from '../connection.js';
import { declareExchange, declareQueue, type QueueType } from '../topology/declare.js';

/**
 * What is there is compared with what the daemon would declare, which changes nothing; what is not there is left so.
 */

/** False when there is none yet. @throws SetupError when it is another kind of exchange */
export async function matchesExchange(live: LiveConnection, exchange: string): Promise<boolean> {
  if (!(await isThere(live, channel => channel.checkExchange(exchange)))) return false;
  await declareExchange(live, exchange);
  return true;
}

/**
 * False when there is none yet. @throws SetupError when it is declared in another way, or belongs to another connection
 */
export async function matchesQueue(live: LiveConnection, queue: QueueDefinition, type: QueueType): Promise<boolean> {
  if (!(await isThere(live, channel => channel.checkQueue(queue.name)))) return false;
  if (!queue.adopted) await declareQueue(live, queue.name, type, queue.singleConsumer);
  return true;
}
