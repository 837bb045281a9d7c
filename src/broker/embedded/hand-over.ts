import type { Message, Source } from '../../events/message.js';
import type { Log } from '../../log.js';
import type { Storage } from '../../storage/storage.js';
import type { Durability } from '../broker.js';

const batchLimits = { count: 500, bytes: 4 * 1024 * 1024 };

export interface HandOverOptions {
  readonly storage: Storage;
  readonly log: Log;
  /** Sinks whose queues are handed on; what waits for others stays. */
  readonly sinks: readonly string[];
  /** The new broker's. What has waited here for a sink is for that sink alone there. */
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
}

/**
 * Hands on what still waits in the embedded queues, oldest first, each batch settled here only after it was accepted
 * there: a crash in between sends a batch twice, never loses one. The queues themselves go once they are empty, or they
 * would fill for ever should this daemon be embedded again. Dead letters stay where they are. Resolves with how many it
 * handed on.
 */
export async function moveEmbeddedQueues({ storage, log, sinks, publish }: HandOverOptions): Promise<number> {
  let total = 0;
  for (const { number, name, sink } of await storage.write('findQueues')) {
    if (!sinks.includes(sink)) continue;
    let count = 0;
    for (;;) {
      const { rows } = await storage.write('take', { queue: number, after: 0, ...batchLimits, atLeastOne: true });
      if (rows.length === 0) break;
      const messages = rows.map(([, id, source, received, timestamp, body]) => ({
        ...{ id, source: source as Source, sinks: [sink], received, body },
        ...(timestamp === null ? {} : { timestamp }),
      }));
      await publish(messages);
      await storage.write('settle', { queue: number, seqs: rows.map(([seq]) => seq), moved: true });
      count += rows.length;
    }
    await storage.write('removeQueue', { name });
    if (count > 0) log.info({ sink, count }, 'queue.moved');
    total += count;
  }
  return total;
}
