import { isEventId } from '../events/identity.js';
import { memberTexts, withMembers } from '../events/json-text.js';
import { parseTimestamp } from '../events/timestamp.js';
import type { Documents, PastDocument } from '../sinks/mongodb/documents.js';
import type { Item, PastSource } from './item.js';

const batch = 500;

/**
 * The documents of a collection of events, by whomever they were written: by this program, flat by the older monitor,
 * or by the older worker, which kept the body of a message as a text.
 */
export class MongoSource implements PastSource {
  total = 0;
  done = 0;
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async *items(): AsyncGenerator<readonly Item[]> {
    this.total = await this.#documents.count();
    let items: Item[] = [];
    for await (const document of this.#documents.all()) {
      this.done += 1;
      if (items.push(itemOf(document)) < batch) continue;
      yield items;
      items = [];
    }
    yield items;
  }
}

function itemOf({ id, made, text }: PastDocument): Item {
  const where = `document ${id}`;
  if (!isEventId(id)) return { reason: 'an _id cannot be the id of an event', where };
  const members = memberTexts(text);
  const echo = members.has('category') ? undefined : textIn(members.get('message'));
  if (echo !== undefined) {
    const echoed = objectText(echo);
    if (echoed === undefined) return { reason: 'the message that a document holds is not a JSON object', where };
    return eventOf(id, memberTexts(echoed), members.get('created') ?? String(made ?? ''));
  }
  const created = members.get('created_at') ?? (made === undefined ? undefined : String(made));
  members.delete('created_at');
  return eventOf(id, members, created);
}

/** @param created JSON of the time where the event says none; empty or undefined = not known */
function eventOf(id: string, members: Map<string, string>, created: string | undefined): Item {
  const own = members.get('id');
  // The event's id is that of the document. What is called so in it stays, under another name.
  if (own !== undefined) {
    members.delete('id');
    if (own !== JSON.stringify(id)) members.set('id_original', own);
  }
  const said = members.get('created');
  if ((said === undefined || said === 'null') && created) members.set('created', created);
  const time: unknown = JSON.parse(members.get('created') ?? 'null');
  return { id, text: withMembers('{}', [...members]), created: parseTimestamp(time) };
}

function textIn(json: string | undefined): string | undefined {
  const value: unknown = json === undefined ? undefined : JSON.parse(json);
  return typeof value === 'string' ? value : undefined;
}

function objectText(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
