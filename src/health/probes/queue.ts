import { reasonOf } from '../reasons.js';
import { sampled, type TakeSample } from '../sample.js';
import { wholeNumber } from '../values.js';
import { defineProbe, type ProbeTools } from './probe.js';

interface QueueCheck {
  readonly queue: string;
  readonly expect: {
    /** At most this many wait. */
    readonly messages?: number | undefined;
    /** At least this many are there. */
    readonly consumers?: number | undefined;
  };
}

export const queueProbe = defineProbe({
  kind: 'queue',
  schemes: ['queue'],
  form: 'queue:NAME',
  does: 'asks the broker; with RabbitMQ any queue, an extractor’s and its `error.` queue too',
  expect: { messages: wholeNumber(0, 1e12).optional(), consumers: wholeNumber(0, 1e6).optional() },
  readings: ['queue_length', 'consumers'],
  changesCarry: ['queue_length'],
  samples: { default: 1, max: 1 },
  parse,
  show: ({ queue }) => `queue:${queue}`,
  run: (check, limits, { broker }) => sampled(asking(check, broker), limits),
});

function parse(address: string): { readonly queue: string } | string {
  const queue = address.slice('queue:'.length);
  if (queue === '' || Buffer.byteLength(queue) > 255) return 'must name a queue of 1 to 255 bytes, as queue:NAME';
  return { queue };
}

function asking({ queue, expect }: QueueCheck, broker: ProbeTools['broker']): TakeSample {
  return async () => {
    try {
      const found = await broker.inspect(queue);
      if (found === undefined) {
        const hint = broker.kind === 'embedded' ? ' here: without RABBITMQ_URI only the daemon’s own can be seen' : '';
        return { reason: `there is no queue ${queue}${hint}` };
      }
      const { messages, consumers } = found;
      return { reason: outOfBounds(expect, messages, consumers), readings: { queue_length: messages, consumers } };
    } catch (error) {
      return { reason: `the broker does not answer: ${reasonOf(error)}` };
    }
  };
}

function outOfBounds(expect: QueueCheck['expect'], messages: number, consumers: number): string | undefined {
  if (expect.messages !== undefined && messages > expect.messages)
    return `${messages} messages wait, more than ${expect.messages}`;
  if (expect.consumers !== undefined && consumers < expect.consumers)
    return `${consumers} consumers, fewer than ${expect.consumers}`;
  return undefined;
}
