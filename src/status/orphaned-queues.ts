import type { Broker, QueueInfo } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { singleFlight } from '../single-flight.js';
import type { Metrics } from './metrics.js';

/** How often to look at most, ms: a queue is left behind by a change of settings, so there is no hurry. */
const everyMs = 30_000;

export interface OrphansOptions {
  readonly broker: Pick<Broker, 'queues'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'orphaned'>;
}

/**
 * Finds the queues of sinks that were switched off: they only fill, and an embedded one keeps every event on the disk.
 * Each is logged once. Answers at once with what was found last, and looks again in the background: a broker that does
 * not answer keeps nobody waiting. Undefined until it has answered for the first time.
 */
export function orphanFinder({ broker, clock, log, metrics }: OrphansOptions): () => readonly QueueInfo[] | undefined {
  let found: readonly QueueInfo[] | undefined;
  const find = async (): Promise<void> => {
    try {
      const now = (await broker.queues()).filter(({ orphaned }) => orphaned);
      for (const { name, ready } of now)
        if (!found?.some(known => known.name === name)) log.warn({ queue: name, events: ready }, 'queue.orphaned');
      found = now;
      metrics.orphaned(now);
    } catch (error) {
      log.debug({ reason: describe(error) }, 'queues.unknown');
    }
  };
  const findNowAndThen = singleFlight(clock, everyMs, find);
  return () => {
    void findNowAndThen();
    return found;
  };
}
