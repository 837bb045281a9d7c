import type { ServiceState, StoredEvent } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { type Polled, usePolled } from '../elements/polling.js';
import { type Range, span } from '../elements/range.js';
import { type Outage, outageOf } from './outage.js';
import { type History, historiesOf, nameOf, type Planned, plannedOf } from './timeline.js';

/** Changes read for the time shown; and from the time before it, to know how each service began. */
const maxChanges = 1000;
const maxEarlierChanges = 200;
const minPollMs = 10_000;

/** History of a service about which nothing was reported in that time: it has been in its state since that began. */
export function unchangedHistory({ state, since }: ServiceState, from: number, to: number): History {
  if (since === null || since >= to) return [];
  if (since <= from) return [{ state, from, to }];
  return [
    { state: 'unknown', from, to: since },
    { state, from: since, to },
  ];
}

/** What was reported about the services, by their names. */
export interface Reported {
  readonly histories: ReadonlyMap<string, History>;
  /** Those that ended in the time shown, newest first. */
  readonly outages: ReadonlyMap<string, readonly Outage[]>;
  /** Maintenance that was declared ahead. */
  readonly planned: ReadonlyMap<string, readonly Planned[]>;
}

export const nothingReported: Reported = { histories: new Map(), outages: new Map(), planned: new Map() };

/** Nothing is asked without a range. */
export function useHistories(range: Range | undefined, offset: number): Polled<Reported> {
  const everyMs = range === undefined ? null : Math.max(range.everyMs, minPollMs);
  return usePolled(`services ${range?.id}`, everyMs, async () => {
    const { from, to } = span(range as Range, offset);
    const [within, before] = await Promise.all([
      changes({ from, to, limit: maxChanges }),
      changes({ to: from, limit: maxEarlierChanges }),
    ]);
    const histories = historiesOf(before, within, from, Math.min(to, Date.now() + offset));
    return { histories, outages: outagesOf(within), planned: plannedOf([...within, ...before], Date.now() + offset) };
  });
}

async function changes(query: { from?: number; to: number; limit: number }): Promise<readonly StoredEvent[]> {
  const page = await ask('v1/events', { query: { category: 'service_status', ...query } });
  return page.events;
}

/** From events newest first. */
function outagesOf(events: readonly StoredEvent[]): ReadonlyMap<string, readonly Outage[]> {
  const outages = new Map<string, Outage[]>();
  for (const event of events) {
    const outage = outageOf(event);
    if (outage !== undefined) outages.set(nameOf(event), [...(outages.get(nameOf(event)) ?? []), outage]);
  }
  return outages;
}
