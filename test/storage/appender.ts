import type { Delivery } from '../../src/broker/broker.js';
import { EmbeddedBroker } from '../../src/broker/embedded/broker.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import type { Storage } from '../../src/storage/storage.js';
import { openStorage } from './scratch.js';

/*
 * A process to be killed: publishes batches from several sides at once and says which are durable, while a consumer
 * stores the events of queue `a`. Nobody consumes queue `b`.
 */

const queues = ['a', 'b'].map(sink => ({ sink, name: sink, adopted: false }));
const never = new AbortController().signal;

/** Stores what waits in queue `a`, dead-letters every hundredth, until nothing comes for a while. */
export async function consume(storage: Storage, broker: EmbeddedBroker, signal: AbortSignal): Promise<void> {
  const subscription = await broker.subscribe('a', 400);
  for (;;) {
    const batch = await subscription.next({ count: 200, bytes: 1e6, lingerMs: 1 }, signal);
    if (batch.length === 0) return subscription.close();
    const bad = (delivery: Delivery): boolean => delivery.id.endsWith('00');
    const good = batch.filter(delivery => !bad(delivery));
    const { duplicates } = await storage.events.insert(
      good.map(({ id, body, source, received }) => ({
        ...{ id, source, received, created: received, category: 'x', type: undefined, fields: JSON.parse(body) },
      })),
    );
    const dead = batch
      .filter(bad)
      .map(delivery => ({ delivery, reason: 'bad', fault: 'poison' as const, attempts: 1 }));
    await subscription.settle({ done: good, duplicates, filtered: 0, dead });
  }
}

export async function openBroker(dir: string): Promise<{ storage: Storage; broker: EmbeddedBroker }> {
  const storage = await openStorage(dir);
  const broker = new EmbeddedBroker({ storage, clock: systemClock, log: silentLog });
  await broker.open(queues);
  return { storage, broker };
}

async function publishForEver(broker: EmbeddedBroker, name: string): Promise<never> {
  for (let batch = 0; ; batch += 1) {
    const size = 1 + (batch % 20);
    const ids = Array.from({ length: size }, (_, index) => `${name}-${batch * 20 + index}`);
    const body = JSON.stringify({ text: 'x'.repeat(300) });
    await broker.publish(ids.map(id => ({ id, body, source: 'http', received: Date.now() })));
    process.stdout.write(`${ids.join(' ')}\n`);
  }
}

const [, script, dir, round] = process.argv;
if (script?.endsWith('appender.js') && dir !== undefined && round !== undefined) {
  const { storage, broker } = await openBroker(dir);
  void consume(storage, broker, never);
  for (const side of ['p', 'q', 'r']) void publishForEver(broker, `${round}${side}`);
}
