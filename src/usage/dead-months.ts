import type { DeadLetterStore } from '../broker/broker.js';
import { dayOf, monthOf } from '../calendar.js';
import { parseTimestamp } from '../events/timestamp.js';

/** Dead letters that are looked at. */
const maxRead = 1_000;

/** How many of the dead letters of the sink belong to which month, as far as their bodies say. */
export async function deadMonths(store: Pick<DeadLetterStore, 'list'>): Promise<ReadonlyMap<number, number>> {
  const months = new Map<number, number>();
  const { deadLetters } = await store.list({ sink: 'usage', limit: maxRead });
  for (const { body } of deadLetters) {
    const time = createdIn(body);
    if (time === undefined) continue;
    const month = monthOf(dayOf(time));
    months.set(month, (months.get(month) ?? 0) + 1);
  }
  return months;
}

function createdIn(body: string): number | undefined {
  try {
    return parseTimestamp((JSON.parse(body) as { created?: unknown } | null)?.created);
  } catch {
    return undefined;
  }
}
