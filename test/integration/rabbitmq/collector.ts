import { randomUUID } from 'node:crypto';
import type { BatchLimits, Broker, Delivery, QueueDefinition } from '../../../src/broker/broker.js';
import { systemClock } from '../../../src/clock.js';
import type { Message } from '../../../src/events/message.js';

const limits: BatchLimits = { count: 200, bytes: 4_000_000, lingerMs: 5 };

export interface Collector {
  readonly deliveries: Delivery[];
  /** Without repetitions. */
  ids(): Set<string>;
  stop(): Promise<void>;
}

/** A consumer that takes and settles whatever comes. */
export async function collect(broker: Broker, sink: string, prefetch = 400): Promise<Collector> {
  const deliveries: Delivery[] = [];
  const stopping = new AbortController();
  const subscription = await broker.subscribe(sink, prefetch);
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const batch = await subscription.next(limits, stopping.signal);
      // Paused or closed: an empty batch comes at once.
      if (batch.length === 0) await systemClock.sleep(10, stopping.signal);
      deliveries.push(...batch);
      await subscription.settle({ done: batch, duplicates: 0, filtered: 0, dead: [] });
    }
  };
  const running = run();
  return {
    deliveries,
    ids: () => new Set(deliveries.map(({ id }) => id)),
    stop: async () => {
      stopping.abort();
      await running;
      await subscription.close();
    },
  };
}

/** Names of its own, so that files can share a server. */
export function definition(sink: string): QueueDefinition {
  const name = `${sink}-${randomUUID().slice(0, 8)}`;
  return { sink: name, name: `event-sink.${name}`, adopted: false };
}

export function messages(count: number, prefix = randomUUID().slice(0, 8)): Message[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${prefix}-${index}`,
    body: JSON.stringify({ category: 'download', number: index, created: 1_700_000_000_000 }),
    source: 'http',
    received: 1_700_000_000_000,
  }));
}
