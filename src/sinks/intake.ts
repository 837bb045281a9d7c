import type { DeadDelivery, Delivery } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { decode } from '../events/decode.js';
import type { CategoryFilter } from '../events/filter.js';
import type { Item } from './batch.js';
import type { Memory } from './sink.js';

/** A batch as it was fetched, decoded and filtered, before the sink sees it. */
export interface Intake {
  readonly items: readonly Item[];
  readonly filtered: readonly Delivery[];
  /** What is no event that this sink could take. */
  readonly dead: readonly DeadDelivery[];
}

export interface IntakeOptions {
  readonly filter: CategoryFilter;
  readonly acceptsText: boolean;
  /** First-seen stamps of events that carry no time of their own, shared by all sinks. */
  readonly stamps: Memory;
  readonly clock: Clock;
}

/** A redelivery within a day gets the stamp of the first delivery. */
const stampKeptMs = 24 * 3_600_000;

/** Parses each body once, here; everything behind it works on events. */
export function createIntake({ filter, acceptsText, stamps, clock }: IntakeOptions) {
  const stamped = async (ids: readonly string[]): Promise<Map<string, number>> => {
    const known = await stamps.get(ids);
    const now = clock.now();
    const fresh = [...new Set(ids)].filter(id => !known.has(id));
    if (fresh.length > 0)
      await stamps.put(
        fresh.map(id => [id, String(now)] as const),
        stampKeptMs,
      );
    return new Map(ids.map(id => [id, Number(known.get(id) ?? now)]));
  };

  return async (deliveries: readonly Delivery[]): Promise<Intake> => {
    const decoded = deliveries.map(delivery => decode(delivery));
    const undated = deliveries.filter((_delivery, index) => decoded[index]?.kind === 'undated').map(({ id }) => id);
    const stampOf = undated.length === 0 ? undefined : await stamped(undated);
    const items: Item[] = [];
    const filtered: Delivery[] = [];
    const dead: DeadDelivery[] = [];
    for (const [index, delivery] of deliveries.entries()) {
      const first = decoded[index]!;
      const result =
        first.kind === 'undated' ? decode(delivery, stampOf?.get(delivery.id) ?? delivery.received) : first;
      if (result.kind === 'undated') throw new Error('a stamped event is still undated');
      if (result.kind === 'refused' && !acceptsText)
        dead.push({ delivery, reason: result.reason, fault: 'poison', attempts: 1 });
      else if (!filter.matches(result.event)) filtered.push(delivery);
      else items.push({ event: result.event, delivery, attempts: 0, alone: 0 });
    }
    return { items, filtered, dead };
  };
}
