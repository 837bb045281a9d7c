import type { ServiceState, StoredEvent } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { type Polled, usePolled } from '../elements/polling.js';
import { type Range, span } from '../elements/range.js';
import { type Outage, outageOf } from './outages.js';

/** A time in which a service was in one state. */
export interface Segment {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

/** Without gaps, oldest first. */
export type History = readonly Segment[];

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
}

export const nothingReported: Reported = { histories: new Map(), outages: new Map() };

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
    return { histories, outages: outagesOf(within) };
  });
}

async function changes(query: { from?: number; to: number; limit: number }): Promise<readonly StoredEvent[]> {
  const page = await ask('v1/events', { query: { category: 'service_status', ...query } });
  return page.events;
}

/** Both lists newest first. */
function historiesOf(
  before: readonly StoredEvent[],
  within: readonly StoredEvent[],
  from: number,
  to: number,
): ReadonlyMap<string, History> {
  const histories = new Map<string, Segment[]>();
  for (const event of [...before].reverse())
    histories.set(nameOf(event), [{ state: event.type ?? 'unknown', from, to }]);
  for (const event of [...within].reverse()) {
    const name = nameOf(event);
    const segments = histories.get(name) ?? [{ state: 'unknown', from, to }];
    const last = segments.pop() as Segment;
    const state = event.type ?? 'unknown';
    if (event.created > last.from && state !== last.state) segments.push({ ...last, to: event.created });
    segments.push({ state, from: state === last.state ? last.from : event.created, to });
    histories.set(name, segments);
  }
  return histories;
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

const nameOf = (event: StoredEvent): string =>
  typeof event.service_name === 'string' ? event.service_name : '(no name)';
