import type { Collection } from 'mongodb';
import type { Event, Fields } from '../../events/event.js';
import type { People } from '../../people/people.js';
import type { ErasedThere } from '../sink.js';
import type { StoredDocument } from './document.js';

/** Documents that are read at once. */
const batchSize = 500;

interface About {
  readonly document: StoredDocument;
  /** What is left of it; undefined = it goes whole. */
  readonly left: StoredDocument | undefined;
}

/**
 * Goes through the whole collection: a person may stand in any field, and in texts. Documents of theirs go, others stay
 * without them.
 */
export async function eraseFrom(
  collection: Collection<StoredDocument>,
  people: People,
  signal: AbortSignal,
): Promise<ErasedThere> {
  let erased = 0;
  let changed = 0;
  for await (const { document, left } of documentsAbout(collection, people, signal)) {
    const { _id } = document;
    if (left === undefined) erased += (await collection.deleteOne({ _id })).deletedCount;
    else changed += (await collection.replaceOne({ _id }, left)).modifiedCount;
  }
  return { erased, changed };
}

/** Those that say something of them. */
export async function* documentsAbout(
  collection: Collection<StoredDocument>,
  people: People,
  signal: AbortSignal,
): AsyncGenerator<About> {
  const cursor = collection.find({}, { batchSize });
  try {
    for await (const document of cursor) {
      signal.throwIfAborted();
      const event = eventOf(document);
      const judged = people.judge(event);
      if (judged === event) continue;
      const { _id, created_at } = document;
      yield { document, left: judged === 'theirs' ? undefined : { _id, ...judged.fields, created_at } };
    }
  } finally {
    await cursor.close();
  }
}

/** A body that was no JSON object is there as its text alone. */
function eventOf({ _id, created_at: _created, ...fields }: StoredDocument): Event {
  const { message } = fields;
  const isText = Object.keys(fields).length === 2 && typeof message === 'string' && Object.hasOwn(fields, 'created');
  const known = { id: String(_id), created: 0, category: '', type: undefined, source: 'clowder', received: 0 } as const;
  return isText ? { ...known, fields: {}, text: message } : { ...known, fields: fields as Fields };
}
