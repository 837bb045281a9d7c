import { startOfDay, written } from '../calendar.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import type { UsageFigure } from '../events/usage-events.js';
import { type UsageAnnouncement, usageAmounts } from '../storage/usage-announcements.js';
import type { ItemFacts } from './item.js';

const figures: Readonly<Record<(typeof usageAmounts)[number], UsageFigure>> = {
  investigations: 'total_dataset_investigations',
  requests: 'total_dataset_requests',
  unique_investigations: 'unique_dataset_investigations',
  unique_requests: 'unique_dataset_requests',
  bytes: 'bytes',
  request_bytes: 'request_bytes',
};

/**
 * Events lie in the first minute of their day, ms, each at its own place: destinations that go by the time need not
 * tell thousands in one millisecond apart.
 */
const spreadMs = 60_000;

/** An event for each figure that has changed. The same announcement makes the same events. */
export function messagesOf(announcement: UsageAnnouncement, idSecret: string, received: number): Message[] {
  const { period, item, machine, amounts } = announcement;
  const isMonth = period % 100 === 0;
  const start = startOfDay(isMonth ? period + 1 : period);
  const known = machine < 0 ? { reason: item } : knownOf(announcement);
  return usageAmounts.flatMap((amount, index) => {
    const added = amounts[index] ?? 0;
    if (added === 0) return [];
    const type = machine < 0 ? 'left_out' : figures[amount];
    const hash = keyedHash(idSecret, 'usage', period, item, machine, type, announcement.number);
    const created = start + (Number.parseInt(hash.slice(-8), 16) % spreadMs);
    const shown = written(isMonth ? period / 100 : period);
    const body = { category: 'usage', type, added, ...known, period: shown, created };
    return [{ id: timedId(created, hash), body: JSON.stringify(body), source: 'usage', received }];
  });
}

function knownOf({ item, machine, facts, space }: UsageAnnouncement) {
  const { type, title, doi, spaces }: ItemFacts = facts === null ? {} : JSON.parse(facts);
  return {
    access_method: machine === 1 ? 'machine' : 'regular',
    resource_type: type,
    resource_id: item === '' ? undefined : item,
    resource_name: title,
    dataset_id: type === 'dataset' ? item : undefined,
    doi,
    space_id: spaces?.[0],
    space_name: space ?? undefined,
  };
}
