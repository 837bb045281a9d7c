import type { StoredEvent } from '../../../openapi/api-types.js';
import { isAhead, parseTimestamp } from '../../events/timestamp.js';
import { endBecauseOf } from '../../spans.js';

/** A time in which a service was in one state. */
export interface Segment {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

/** Without gaps, oldest first. */
export type History = readonly Segment[];

/** What was reported about each service from one moment to another. Both lists are newest first. */
export function historiesOf(
  before: readonly StoredEvent[],
  within: readonly StoredEvent[],
  from: number,
  to: number,
): ReadonlyMap<string, History> {
  const histories = new Map<string, History>();
  const events = stillSaid([...within, ...before]).reverse();
  const changes = events
    .filter(event => !isCorrection(event) && !isForecast(event))
    .map(event => ({ event, at: beginOf(event) }));
  for (const { event, at } of changes.sort((a, b) => a.at - b.at)) {
    if (at >= to) continue;
    const name = nameOf(event);
    histories.set(name, changed(histories.get(name) ?? [{ state: 'unknown', from, to }], stateOf(event), at));
  }
  for (const event of events) {
    const history = histories.get(nameOf(event));
    if (history === undefined || !isCorrection(event)) continue;
    const begin = Math.max(from, parseTimestamp(event.from) ?? event.created);
    const end = Math.min(to, event.created, parseTimestamp(event.until) ?? event.created);
    if (begin < end) histories.set(nameOf(event), painted(history, { state: stateOf(event), from: begin, to: end }));
  }
  return histories;
}

/** Without what was called off, or never began because it was declared anew. */
function stillSaid(events: readonly StoredEvent[]): StoredEvent[] {
  const [withdrawn, replaced] = [withdrawnIn(events), replacedIn(events)];
  return events.filter(({ id, type }) => type !== 'withdrawn' && !withdrawn.has(id) && !replaced.has(id));
}

/** Ids of the events that others call off. */
function withdrawnIn(events: readonly StoredEvent[]): ReadonlySet<unknown> {
  return new Set(events.flatMap(({ type, corrects }) => (type === 'withdrawn' ? [corrects] : [])));
}

/**
 * Ids of declared maintenance that had not begun when other maintenance was declared for its time, even if that was
 * called off in turn.
 * @param events newest first
 */
function replacedIn(events: readonly StoredEvent[]): ReadonlySet<string> {
  const later = new Map<string, Planned[]>();
  const replaced = new Set<string>();
  for (const event of events) {
    const one = declarationIn(event);
    if (one === undefined) continue;
    const others = later.get(nameOf(event)) ?? [];
    const isAnew = (other: Planned): boolean =>
      one.from > other.declared && endBecauseOf(other, other.declared, one) !== undefined;
    if (others.some(isAnew)) replaced.add(one.id);
    later.set(nameOf(event), [...others, one]);
  }
  return replaced;
}

/** Maintenance as somebody declared it; undefined for every other event, and for that of the settings. */
function declarationIn(event: StoredEvent): Planned | undefined {
  const { id, type, created: declared, message, by, corrects } = event;
  if (type !== 'maintenance' || corrects !== undefined || event._source === 'health') return undefined;
  const [from, until] = [parseTimestamp(event.from) ?? declared, parseTimestamp(event.until)];
  return { id, from, until, message: textOr(message), by: textOr(by), declared };
}

/** Maintenance that is still to come, as it was declared. */
export interface Planned {
  readonly id: string;
  readonly from: number;
  /** Undefined: until further notice. */
  readonly until: number | undefined;
  readonly message: string | undefined;
  /** Name of the key. */
  readonly by: string | undefined;
  readonly declared: number;
}

/**
 * By service, the next one first. What was called off is not among it, nor what another one took the place of, even if
 * that was called off in turn.
 * @param events newest first
 */
export function plannedOf(events: readonly StoredEvent[], now: number): ReadonlyMap<string, readonly Planned[]> {
  const planned = new Map<string, readonly Planned[]>();
  for (const event of stillSaid(events)) {
    const one = declarationIn(event);
    if (one === undefined || one.from <= now) continue;
    planned.set(
      nameOf(event),
      [one, ...(planned.get(nameOf(event)) ?? [])].sort((x, y) => x.from - y.from),
    );
  }
  return planned;
}

const textOr = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** It says how a service was, and nothing of how it is; the end of an outage says how long that was. */
function isCorrection(event: StoredEvent): boolean {
  const until = parseTimestamp(event.until);
  const isEnd = event.type === 'up' && event.outage_seconds !== undefined;
  return event.corrects !== undefined || (until !== undefined && until <= event.created && !isEnd);
}

/** It says how a service will be, which nobody knows; that it will be worked on, people do know. */
function isForecast({ type, created, from }: StoredEvent): boolean {
  return type !== 'maintenance' && isAhead(parseTimestamp(from) ?? created, created);
}

/** Maintenance may be declared ahead. */
function beginOf({ created, from }: StoredEvent): number {
  return Math.max(created, parseTimestamp(from) ?? created);
}

/** In another state from a moment on. */
function changed(history: History, state: string, at: number): History {
  const last = history.at(-1) as Segment;
  if (state === last.state) return history;
  const next = { state, from: Math.max(at, last.from), to: last.to };
  return at > last.from ? [...history.slice(0, -1), { ...last, to: at }, next] : [...history.slice(0, -1), next];
}

/** In another state for a time. */
function painted(history: History, span: Segment): History {
  const earlier = history
    .filter(({ from }) => from < span.from)
    .map(one => ({ ...one, to: Math.min(one.to, span.from) }));
  const later = history.filter(({ to }) => to > span.to).map(one => ({ ...one, from: Math.max(one.from, span.to) }));
  const merged: Segment[] = [];
  for (const one of [...earlier, span, ...later]) {
    const last = merged.at(-1);
    if (last?.state === one.state) merged[merged.length - 1] = { ...last, to: one.to };
    else merged.push(one);
  }
  return merged;
}

export const nameOf = (event: StoredEvent): string =>
  typeof event.service_name === 'string' ? event.service_name : '(no name)';

const stateOf = ({ type }: StoredEvent): string => type ?? 'unknown';
