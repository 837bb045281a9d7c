import type { Collection } from 'mongodb';
import { contextNames, type Event, isReceived } from '../../events/event.js';
import { isFromOutside } from '../../events/same-event.js';
import type { StoredDocument } from './document.js';
import type { Driver } from './fault.js';

/** Documents of one write that are read back at most: a whole batch that comes again costs little. */
const maxCompared = 100;

export interface Refused {
  readonly event: Event;
  readonly document: StoredDocument;
  /** In the batch. */
  readonly position: number;
}

/** Positions of events from outside whose id the collection has for another event, by what is stored there. */
export async function conflictsAmong(
  { BSON }: Driver,
  collection: Collection<StoredDocument>,
  refused: readonly Refused[],
): Promise<number[]> {
  const asked = refused.filter(({ event }) => isFromOutside(event.source)).slice(0, maxCompared);
  if (asked.length === 0) return [];
  const found = await collection.find({ _id: { $in: asked.map(({ document }) => document._id) } }).toArray();
  const there = new Map(found.map(document => [document._id, document]));
  return asked
    .filter(({ event, document }) => {
      const stored = there.get(document._id);
      if (stored === undefined) return false;
      /**
       * As the server gives it back, without the times: an event that had none was given one on arrival. And without
       * what only is known beside the event, which may have been less, or other, when it came first.
       */
      const textOf = (one: StoredDocument): string => {
        const { created: _created, created_at: _date, ...rest } = BSON.deserialize(BSON.serialize(one));
        for (const name of contextNames) if (!isReceived(event, name)) delete rest[name];
        return BSON.EJSON.stringify(rest);
      };
      return textOf(stored) !== textOf(document);
    })
    .map(({ position }) => position);
}
