import type { Context } from '../context/context.js';
import type { PersonalFilter } from '../people/personal-data.js';
import { contextOf, type EventPage, type StoredEvent } from '../storage/queries.js';

type Known = Pick<Context, 'of' | 'load'>;

/** A page with what is known by now beside its events. */
export async function pageWithContext(page: EventPage, context: Known): Promise<EventPage> {
  await context.load(() => page.events.map(mentioning));
  return { ...page, events: page.events.map(event => withContext(event, context)) };
}

export function withContext(event: StoredEvent, context: Known): StoredEvent {
  const known = context.of(mentioning(event));
  return known === undefined ? event : { ...known, ...event, [contextOf]: known };
}

/** The same, with no more of people than the store itself may have. */
export function contextAsStored(
  context: Known & Pick<Context, 'status'>,
  withoutPeople: PersonalFilter | undefined,
): Known & Pick<Context, 'status'> {
  if (withoutPeople === undefined) return context;
  const stub = { id: '', created: 0, category: '', type: undefined, source: 'http', received: 0 } as const;
  return {
    load: events => context.load(events),
    of: event => {
      const fields = context.of(event);
      return fields === undefined ? undefined : (withoutPeople({ ...stub, fields }).fields as typeof fields);
    },
    get status() {
      return context.status;
    },
  };
}

function mentioning(event: StoredEvent) {
  return { type: event.type, fields: event, source: event._source };
}
