import type { Broker } from '../../broker/broker.js';
import { reasonOf } from '../reasons.js';
import type { Probe } from '../sample.js';
import type { QueueCheck } from '../target.js';

/** How many messages wait in a queue of the broker, and how many consumers it has. */
export function queueProbe({ queue, expect }: QueueCheck, broker: Pick<Broker, 'inspect' | 'kind'>): Probe {
  return async () => {
    try {
      const found = await broker.inspect(queue);
      if (found === undefined) {
        const hint = broker.kind === 'embedded' ? ' here: without RABBITMQ_URI only the daemon’s own can be seen' : '';
        return { reason: `there is no queue ${queue}${hint}` };
      }
      const { messages, consumers } = found;
      return { reason: tooMuch(expect, messages, consumers), readings: { queue_length: messages, consumers } };
    } catch (error) {
      return { reason: `the broker does not tell: ${reasonOf(error)}` };
    }
  };
}

function tooMuch(expect: QueueCheck['expect'], messages: number, consumers: number): string | undefined {
  if (expect.messages !== undefined && messages > expect.messages)
    return `${messages} messages wait, more than ${expect.messages}`;
  if (expect.consumers !== undefined && consumers < expect.consumers)
    return `${consumers} consumers, fewer than ${expect.consumers}`;
  return undefined;
}
