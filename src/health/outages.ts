import { covers, overlapMs, type Span } from './maintenance.js';
import type { Outage } from './saved-state.js';
import type { Streaks } from './streaks.js';

/** Where an outage counts from: from the end of the maintenance that it began in, unless it was announced before. */
export function countedFrom(outage: Outage, windows: readonly Span[], now: number): number {
  if (outage.id !== null) return outage.from;
  return Math.max(outage.from, ...windows.flatMap(({ until }) => (until != null && until <= now ? until : [])));
}

/** How long it was, without maintenance, and without the time of which nothing is known. */
export function extentOf({ from, until, unknownMs }: Outage, windows: readonly Span[]) {
  const end = until ?? from;
  const outageMs = Math.max(0, end - from - unknownMs - overlapMs(windows, from, end));
  return { from, until: end, outageMs, unknownMs };
}

/** The outages that were announced, and began in a window that nobody knew of then. */
export function mistakenFor(window: Span, outages: readonly Outage[]): readonly Outage[] {
  return outages.filter(outage => outage.id !== null && !outage.corrected && covers(window, outage.from));
}

/** Those that were taken for maintenance because of a window that is called off, and that lies in no other. */
export function mistakenWithout(
  window: Span,
  outages: readonly Outage[],
  isMaintenance: (at: number) => boolean,
): readonly Outage[] {
  return outages.filter(({ corrected, from }) => corrected && covers(window, from) && !isMaintenance(from));
}

/** What of such an outage was maintenance, or taken for it. */
export function excusedSpan(
  outage: Outage,
  { until }: Span,
): { readonly from: number; readonly until: number | undefined } {
  const ends = [outage.until, until].filter(end => end != null);
  return { from: outage.from, until: ends.length === 0 ? undefined : Math.min(...ends) };
}

/** The announced end of an outage is still to come. */
export function isRecovered(outage: Outage | undefined): outage is Outage {
  return outage?.id != null && outage.until !== null && !outage.over;
}

/** An outage whose announced end is still to come, as it would end with a run that finds the service working. */
export function endingOf(
  outage: Outage | undefined,
  { notDown }: Pick<Streaks, 'notDown'>,
  at: number,
): { readonly from: number; readonly until: number } | undefined {
  if (outage?.id == null || outage.over) return undefined;
  return { from: outage.from, until: outage.until ?? (notDown.count === 0 ? at : notDown.since) };
}
