import type { DeadDelivery, Delivery, Settlement } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { Context } from '../context/context.js';
import { mentionsOf } from '../context/mentions.js';
import { decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import type { CategoryFilter } from '../events/filter.js';
import type { PersonalFilter } from '../people/personal-data.js';
import { erasedBody, type Suppression } from '../people/suppression.js';
import type { Item } from './batch.js';

/** A batch as it was fetched, decoded and filtered, before the sink sees it. */
export interface Prepared {
  readonly items: readonly Item[];
  readonly filtered: readonly Delivery[];
  /** Older than the destination takes. */
  readonly tooOld: readonly Delivery[];
  /** Events of people who were erased. */
  readonly erased: readonly Delivery[];
  /** Not events, where this sink takes more than events of some kinds. */
  readonly dead: readonly DeadDelivery[];
}

/** What of it does not go to the sink. */
export function leftOf({ filtered, tooOld, erased, dead }: Prepared): Settlement {
  const counts = { filtered: filtered.length, tooOld: tooOld.length, erased: erased.length };
  return { done: [...filtered, ...tooOld, ...erased], duplicates: 0, ...counts, dead };
}

/**
 * When each of these messages was first seen, epoch ms: now, for a new one. Durable for a day when it resolves, so that
 * every sink and every redelivery gets the same time.
 */
export type FirstSeen = (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>;

export interface PrepareOptions {
  readonly filter: CategoryFilter;
  /**
   * Only what its filter wants means anything to the sink. Whatever else comes is filtered, and so is what nobody can
   * read: it is none of these for all that is known, and it is a dead letter of the sinks that take everything.
   */
  readonly isSelective?: boolean;
  /** Whose events go nowhere any more. Undefined: nobody's. */
  readonly suppression?: Pick<Suppression, 'judge' | 'generation'> | undefined;
  /** Undefined: events go as they came. */
  readonly withoutPeople?: PersonalFilter | undefined;
  readonly acceptsText: boolean;
  /** For events that carry no time of their own. */
  readonly firstSeen: FirstSeen;
  /** The age, by its own time, up to which the sink takes an event, ms; undefined = any. */
  readonly maxAgeMs?: number;
  readonly clock: Pick<Clock, 'now'>;
  /** What is known beside the events; undefined = nothing is added to them. */
  readonly context?: Pick<Context, 'hear' | 'addTo' | 'load'> | undefined;
}

/** The one place where bodies are parsed: everything after it works on events. */
export function createPrepare(options: PrepareOptions) {
  const { filter, acceptsText, firstSeen, maxAgeMs, clock, context, withoutPeople, suppression } = options;
  const { isSelective = false } = options;
  const takes = (event: Event): boolean => !isSelective || filter.matches(event);
  return async (deliveries: readonly Delivery[]): Promise<Prepared> => {
    const erased = deliveries.filter(({ body }) => body === erasedBody);
    const rest = erased.length === 0 ? deliveries : deliveries.filter(({ body }) => body !== erasedBody);
    const decoded = rest.map(delivery => (delivery.unreadable === undefined ? decode(delivery) : undefined));
    const undated = rest.filter((_delivery, index) => decoded[index]?.kind === 'undated').map(({ id }) => id);
    const stampOf = undated.length === 0 ? undefined : await firstSeen(undated);
    const items: Item[] = [];
    const filtered: Delivery[] = [];
    const tooOld: Delivery[] = [];
    const dead: DeadDelivery[] = [];
    const judged = suppression?.generation;
    const oldest = maxAgeMs === undefined ? Number.NEGATIVE_INFINITY : clock.now() - maxAgeMs;
    for (const [index, delivery] of rest.entries()) {
      const { unreadable } = delivery;
      const first = decoded[index];
      // Not for a sink that takes any text either: the text is not what was sent.
      if (unreadable !== undefined || first === undefined) {
        if (isSelective) filtered.push(delivery);
        else dead.push({ delivery, reason: unreadable ?? '', fault: 'poison', attempts: 1 });
        continue;
      }
      const result =
        first.kind === 'undated' ? decode(delivery, stampOf?.get(delivery.id) ?? delivery.received) : first;
      if (result.kind === 'undated') throw new Error('a stamped event is still undated');
      const event = suppression === undefined ? result.event : suppression.judge(result.event);
      if (event === 'theirs') erased.push(delivery);
      else if (!takes(event)) filtered.push(delivery);
      else if (result.kind === 'refused' && isSelective && event.text !== undefined) filtered.push(delivery);
      else if (result.kind === 'refused' && !acceptsText)
        dead.push({ delivery, reason: result.reason, fault: 'poison', attempts: 1 });
      else if (!filter.matches(event)) filtered.push(delivery);
      else if (event.created < oldest) tooOld.push(delivery);
      else items.push({ event, delivery, judged, attempts: 0, alone: 0 });
    }
    const known = context === undefined ? items : await withContext(items, context);
    return {
      items: withoutPeople === undefined ? known : changed(known, withoutPeople),
      filtered,
      tooOld,
      erased,
      dead,
    };
  };
}

/** What these events tell is known to all of them. */
async function withContext(
  items: readonly Item[],
  context: NonNullable<PrepareOptions['context']>,
): Promise<readonly Item[]> {
  await context.load(() => items.map(({ event }) => event));
  const mentions = items.map(({ event }) => mentionsOf(event));
  for (const [index, { event }] of items.entries()) context.hear(event, mentions[index]);
  return items.map((item, index) => {
    const event = context.addTo(item.event, mentions[index]);
    // What is added may name somebody who was erased before the context forgot them: it is judged once more.
    return event === item.event ? item : { ...item, event, judged: undefined };
  });
}

function changed(items: readonly Item[], change: (event: Event) => Event): readonly Item[] {
  return items.map(item => {
    const event = change(item.event);
    return event === item.event ? item : { ...item, event };
  });
}
