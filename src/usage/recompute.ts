import { dayMs, firstDayOf, lastDayOf, monthOf, startOfDay, written } from '../calendar.js';
import type { Event } from '../events/event.js';
import type { CategoryFilter } from '../events/filter.js';
import type { Calls } from '../storage/calls.js';
import type { Value } from '../storage/database.js';
import type { EventPage, EventQuery, StoredEvent } from '../storage/queries.js';
import { accessOf, type Rules, usageCategories } from './access.js';

/** The stored events, with what is known of their resources. */
export type ReadStored = (query: EventQuery) => Promise<EventPage>;

/** Only what the sink takes: another event never counted, and does not come to. */
export function takenBy(filter: CategoryFilter, stored: ReadStored): ReadStored {
  return async query => {
    const page = await stored(query);
    return { ...page, events: page.events.filter(({ category, type }) => filter.matches({ category, type })) };
  };
}

export interface RecomputeOptions {
  readonly storage: Calls;
  readonly stored: ReadStored;
  readonly rules: Rules;
}

/** Events of one page. */
const pageEvents = 500;

/**
 * Applies the rules once more to every stored event of an open month: the counts are what they would be, had the rules
 * always been those of now. Accesses whose events usage alone gets (see `TrafficOptions.usageSink`) stay as they are.
 * An imported event that was never counted does not come to: the import may have been for other sinks.
 * Refuses when another event that was counted is not stored any more, so that no figure falls because of what is
 * forgotten. Resolves with how many accesses there were, or with why nothing was done.
 */
export async function recompute(
  month: number,
  options: RecomputeOptions,
): Promise<number | { readonly refused: string }> {
  const { storage } = options;
  const kept = await storage.read('countUsageAccesses', { month });
  let known = 0;
  for await (const page of accessesOf(month, options)) known += page.filter(({ isKept }) => isKept).length;
  if (known < kept) {
    const gone = `${kept - known} of the ${kept} accesses of ${written(month)}`;
    return { refused: `${gone} are not in the local store any more, or not as usage: nothing was changed` };
  }
  let found = 0;
  for await (const page of accessesOf(month, options)) {
    const rows = page.filter(({ isKept, isImported }) => isKept || !isImported).map(({ row }) => row);
    found += rows.length;
    await storage.write('foldUsage', { accesses: rows.flat(), items: [], replace: true });
  }
  return found;
}

interface StoredAccess {
  readonly row: readonly Value[];
  readonly isImported: boolean;
  /** Whether the sink has taken it. */
  readonly isKept: boolean;
}

async function* accessesOf(
  month: number,
  { storage, stored, rules }: RecomputeOptions,
): AsyncGenerator<readonly StoredAccess[]> {
  const range = { from: startOfDay(firstDayOf(month)), to: startOfDay(lastDayOf(month)) + dayMs };
  for (const category of usageCategories) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: EventPage = await stored({
        ...{ category, ...range, order: 'created', limit: pageEvents },
        ...(cursor === undefined ? {} : { cursor }),
      });
      const found = page.events.flatMap(one => {
        const event = eventOf(one);
        const access = accessOf(event, rules);
        // One that is misdated belongs to the month of its arrival.
        if (access === undefined || monthOf(access.row[0] as number) !== month) return [];
        return { row: access.row, isImported: event.source === 'import' };
      });
      const keys = found.map(({ row }) => [row[0] as number, row[1] as string] as const);
      const kept = new Set(await storage.read('knownUsageAccesses', { keys }));
      yield found.map((access, place) => ({ ...access, isKept: kept.has(place) }));
      cursor = page.nextCursor;
    }
  }
}

function eventOf(stored: StoredEvent): Event {
  const { id, created, category, type, _source: source, _received: received } = stored;
  return { id, created, category, type, fields: stored, source, received };
}
