import type { PreparedRows, StoredDelivery } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { Context } from '../context/context.js';
import { decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import type { CategoryFilter } from '../events/filter.js';
import type { Message } from '../events/message.js';
import type { PersonalFilter } from '../people/personal-data.js';
import { type EventStore, eventRows } from '../storage/event-store.js';
import type { Inserted } from '../storage/events.js';
import type { DeliveryMeter } from './meter.js';

export interface StoredDeliveryOptions {
  readonly sink: string;
  readonly filter: CategoryFilter;
  /** Undefined: events go as they came. */
  readonly withoutPeople?: PersonalFilter | undefined;
  readonly events: Pick<EventStore, 'announce'>;
  readonly meter: DeliveryMeter;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Learns from what passes. What it knows is added when the events are read, so that it is in no row. */
  readonly context?: Pick<Context, 'hear'> | undefined;
  /** The storage has taken events: the sink works. */
  readonly onDelivered: () => void;
}

/**
 * Delivery to a sink whose events lie in the daemon's own storage, where the queues lie too: in the commit that accepts
 * them, instead of through its queue in two more. What the consumer does for other sinks is done here: decode, filter,
 * count, announce.
 */
export class LocalDelivery implements StoredDelivery {
  readonly sink: string;
  readonly #options: StoredDeliveryOptions;

  constructor(options: StoredDeliveryOptions) {
    this.sink = options.sink;
    this.#options = options;
  }

  prepare(messages: readonly Message[]): PreparedRows | undefined {
    const { sink, filter, withoutPeople, clock, context } = this.#options;
    const began = clock.monotonic();
    const events: Event[] = [];
    for (const message of messages) {
      const decoded = decode(message);
      if (decoded.kind !== 'event') return undefined;
      context?.hear(decoded.event);
      if (filter.matches(decoded.event)) events.push(withoutPeople?.(decoded.event) ?? decoded.event);
    }
    return {
      rows: { sink, values: eventRows(events), filtered: messages.length - events.length },
      delivered: inserted => this.#delivered(events, inserted, clock.monotonic() - began),
    };
  }

  #delivered(events: readonly Event[], { present, conflicts }: Inserted, milliseconds: number): void {
    if (events.length === 0) return;
    const { sink, meter, events: store, onDelivered } = this.#options;
    store.announce(events, present);
    if (conflicts.length > 0)
      meter.conflicted?.(
        sink,
        conflicts.flatMap(index => events[index]?.id ?? []),
      );
    onDelivered();
    meter.written(sink, events.length, milliseconds, events[0]!.received);
  }
}
