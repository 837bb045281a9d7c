import type { Context } from '../context/context.js';
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

function mentioning(event: StoredEvent) {
  return { type: event.type, fields: event };
}
