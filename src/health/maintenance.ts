import type { MaintenanceWindow } from './target.js';

/** Epoch ms; without an end, it goes on. */
export interface Span {
  readonly from: number;
  readonly until: number | null | undefined;
}

export function covers({ from, until }: Span, at: number): boolean {
  return from <= at && at < (until ?? Number.POSITIVE_INFINITY);
}

/** ms of the time from one moment to another that lie in any of the spans. */
export function overlapMs(spans: readonly Span[], from: number, until: number): number {
  let covered = 0;
  let reached = from;
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const begin = Math.max(reached, span.from);
    const end = Math.min(until, span.until ?? Number.POSITIVE_INFINITY);
    if (end <= begin) continue;
    covered += end - begin;
    reached = end;
  }
  return covered;
}

/** What somebody said of a service by an event `service_status`. */
export interface Declaration {
  readonly service: string;
  readonly status: string;
  /** Of the event, epoch ms. */
  readonly at: number;
  readonly window: MaintenanceWindow;
}
