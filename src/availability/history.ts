import { laidOver, type Span, within } from '../spans.js';
import type { AvailabilityRecord, Correction } from '../storage/availability.js';
import type { OutageCost } from './cost.js';

export const states = ['up', 'degraded', 'down', 'maintenance', 'unknown'] as const;
export type State = (typeof states)[number];

/** How long a service was in each state, ms. */
export type Durations = Readonly<Record<State, number>>;

export interface Outage {
  /** Epoch ms; the part of it that lies in the range. */
  readonly from: number;
  /** Null: it goes on. */
  readonly until: number | null;
  readonly reason: string | undefined;
  /** Absent where nobody asked, or nothing is known. */
  readonly cost?: OutageCost | undefined;
}

/**
 * What a service was from one moment to another, without a gap: what the checks saw; over that, the maintenance of the
 * settings; over that, what people said, the last word on top. Where nobody looked and nobody said anything: unknown.
 */
export function historyOf(record: AvailabilityRecord, from: number, until: number): Span<State>[] {
  if (until <= from) return [];
  const clipped = (spans: readonly Span[]) => within(spans.map(asKnown), from, until);
  let history: Span<State>[] = [{ from, until, state: 'unknown' }];
  history = laidOver(history, clipped(record.observed));
  history = laidOver(history, clipped(record.maintenance));
  for (const correction of record.corrections.filter(one => !isRemark(one)).sort(bySaid))
    history = laidOver(history, clipped([spanOf(correction, until)]));
  return history;
}

/** Words about a moment, that change no figure. */
export function isRemark({ from, until }: Pick<Correction, 'from' | 'until'>): boolean {
  return until === from;
}

export function durationsOf(history: readonly Span<State>[]): Durations {
  const durations = { up: 0, degraded: 0, down: 0, maintenance: 0, unknown: 0 };
  for (const { from, until, state } of history) durations[state] += until - from;
  return durations;
}

/** Percent of the time in which the service should have worked and somebody looked; undefined when there is none. */
export function availabilityOf({ up, degraded, down }: Durations): number | undefined {
  const judged = up + degraded + down;
  return judged === 0 ? undefined : ((up + degraded) / judged) * 100;
}

/** @param end until when the history is known; an outage that reaches it goes on */
export function outagesOf(history: readonly Span<State>[], end: number, goesOn: boolean): Outage[] {
  return history
    .filter(({ state }) => state === 'down')
    .map(({ from, until, reason }) => ({ from, until: goesOn && until >= end ? null : until, reason }));
}

function bySaid(a: Correction, b: Correction): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}

function spanOf({ from, until, state, message }: Correction, end: number): Span {
  return { from, until: until ?? Math.max(end, from + 1), state, reason: message ?? undefined };
}

/** A newer release may have written a state that this one does not know. */
function asKnown({ state, ...span }: Span): Span<State> {
  return { ...span, state: states.find(known => known === state) ?? 'unknown' };
}
