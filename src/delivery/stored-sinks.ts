import type { PreparedRows, StoredDelivery } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { Context } from '../context/context.js';
import { type Mentions, mentionsOf } from '../context/mentions.js';
import { decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import type { CategoryFilter } from '../events/filter.js';
import { isFor, type Message } from '../events/message.js';
import type { PersonalFilter } from '../people/personal-data.js';
import { erasedBody, type Suppression } from '../people/suppression.js';
import type { RowMaker } from '../sinks/sink.js';
import type { EventStore } from '../storage/event-store.js';
import type { Inserted } from '../storage/events.js';
import type { Stored } from '../storage/publish.js';
import type { DeliveryMeter } from './meter.js';

export interface StoredSink {
  readonly sink: string;
  readonly filter: CategoryFilter;
  /** Undefined: events go as they came. */
  readonly withoutPeople?: PersonalFilter | undefined;
  readonly maker: RowMaker;
  /** Where it keeps events, those who listen there hear of new ones. */
  readonly events?: Pick<EventStore, 'announce'> | undefined;
  /** The storage has taken its rows: the sink works. */
  readonly onDelivered: () => void;
}

/** A sink elsewhere, of some events alone. */
export type SelectiveSink = Pick<StoredSink, 'sink' | 'filter'>;

export interface StoredSinksOptions {
  readonly meter: DeliveryMeter;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whose events go nowhere any more. Undefined: nobody's. */
  readonly suppression?: Pick<Suppression, 'judge'> | undefined;
  readonly context?: Pick<Context, 'hear' | 'addTo' | 'load' | 'isAsking'> | undefined;
}

/**
 * Delivery to the sinks whose rows lie in the daemon's own storage, where the queues lie too: in the commit that
 * accepts the messages, instead of through their queues in two more. What consumers do for other sinks is done here,
 * once for all of these: decode, filter, count, announce.
 *
 * For a sink elsewhere that wants some events alone, messages of which it wants none are filtered here, too: while its
 * queue is empty, nothing of them is put there. As soon as one is for it, all that came together take the way through
 * the queue.
 */
export class StoredSinks implements StoredDelivery {
  readonly #options: StoredSinksOptions;
  #sinks: readonly StoredSink[] = [];
  #selective: readonly SelectiveSink[] = [];

  constructor(options: StoredSinksOptions) {
    this.#options = options;
  }

  add(sink: StoredSink): void {
    this.#sinks = [...this.#sinks, sink];
  }

  addSelective(sink: SelectiveSink): void {
    this.#selective = [...this.#selective, sink];
  }

  /** From now on its messages take the way through its queue. */
  remove(name: string): void {
    this.#sinks = this.#sinks.filter(({ sink }) => sink !== name);
    this.#selective = this.#selective.filter(({ sink }) => sink !== name);
  }

  /** When one of the messages is not an event, all of them take the way through the queues. */
  prepare(messages: readonly Message[]): readonly PreparedRows[] {
    if (this.#sinks.length + this.#selective.length === 0) return [];
    const { clock, context, suppression } = this.#options;
    const began = clock.monotonic();
    const events: (Event | 'theirs')[] = [];
    const mentions: (Mentions | null)[] = [];
    for (const message of messages) {
      if (message.body === erasedBody) {
        events.push('theirs');
        mentions.push(null);
        continue;
      }
      const decoded = decode(message);
      if (decoded.kind !== 'event') return [];
      const event = suppression === undefined ? decoded.event : suppression.judge(decoded.event);
      const said = event === 'theirs' || context === undefined ? null : mentionsOf(event);
      if (event !== 'theirs') context?.hear(event, said);
      events.push(event);
      mentions.push(said);
    }
    return [
      ...this.#sinks.flatMap(sink => this.#prepareFor(sink, messages, events, mentions, began) ?? []),
      ...this.#selective.flatMap(sink => leftOutBy(sink, messages, events) ?? []),
    ];
  }

  #prepareFor(
    sink: StoredSink,
    messages: readonly Message[],
    events: readonly (Event | 'theirs')[],
    mentions: readonly (Mentions | null)[],
    began: number,
  ): PreparedRows | undefined {
    const { filter, maker } = sink;
    const taken: Event[] = [];
    const said: (Mentions | null)[] = [];
    let filtered = 0;
    let erased = 0;
    for (const [index, event] of events.entries()) {
      if (!isFor(messages[index]!, sink.sink)) continue;
      if (event === 'theirs') erased += 1;
      else if (!filter.matches(event)) filtered += 1;
      else {
        taken.push(event);
        said.push(mentions[index]!);
      }
    }
    const known = maker.usesContext ? this.#withContext(taken, said) : taken;
    if (taken.length + filtered + erased === 0 || known === undefined) return undefined;
    const { withoutPeople } = sink;
    const batch = { written: false };
    const written = withoutPeople === undefined ? known : known.map(withoutPeople);
    return {
      rows: {
        sink: sink.sink,
        rows: maker.rowsOf(written, batch),
        count: written.length,
        filtered,
        erased,
      },
      delivered: stored => {
        batch.written = true;
        this.#delivered(sink, written, stored, this.#options.clock.monotonic() - began);
      },
    };
  }

  /** Undefined: more will be known in a moment, from the disk or from Clowder, and the queue gives it that moment. */
  #withContext(events: readonly Event[], mentions: readonly (Mentions | null)[]): readonly Event[] | undefined {
    const { context } = this.#options;
    if (context === undefined || events.length === 0) return events;
    const loading = context.load(() => events);
    loading?.catch(() => undefined);
    if (loading !== undefined || context.isAsking) return undefined;
    return events.map((event, index) => context.addTo(event, mentions[index]));
  }

  #delivered(sink: StoredSink, events: readonly Event[], { inserted }: Stored, milliseconds: number): void {
    if (events.length === 0) return;
    const { meter } = this.#options;
    if (inserted !== undefined) this.#announce(sink, events, inserted);
    sink.onDelivered();
    meter.written(sink.sink, events.length, milliseconds, events[0]!.received);
  }

  #announce({ sink, events: store }: StoredSink, events: readonly Event[], { present, conflicts }: Inserted): void {
    store?.announce(events, present);
    if (conflicts.length > 0)
      this.#options.meter.conflicted?.(
        sink,
        conflicts.flatMap(index => events[index]?.id ?? []),
      );
  }
}

/** Undefined when one of them is for the sink, or none is for its queue. */
function leftOutBy(
  { sink, filter }: SelectiveSink,
  messages: readonly Message[],
  events: readonly (Event | 'theirs')[],
): PreparedRows | undefined {
  const its = events.filter((_event, index) => isFor(messages[index]!, sink));
  const there = its.filter(event => event !== 'theirs');
  if (its.length === 0 || there.some(event => filter.matches(event))) return undefined;
  const counts = { count: 0, filtered: there.length, erased: its.length - there.length };
  return { rows: { sink, rows: { events: [] }, ...counts }, delivered: () => {} };
}
