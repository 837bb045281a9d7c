/** A time in which a service is being worked on, epoch ms. Without an end: until somebody says that it is over. */
export interface MaintenanceWindow {
  readonly from: number;
  readonly until: number | undefined;
  readonly message: string | undefined;
}

/** Epoch ms; without an end, it goes on. */
export interface Span {
  readonly from: number;
  readonly until: number | null | undefined;
}

export function covers({ from, until }: Span, at: number): boolean {
  return from <= at && at < (until ?? Number.POSITIVE_INFINITY);
}

/** How much of the time from one moment to another lies in any of the spans, ms. */
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

/** What somebody said about a service with a `service_status` event. */
export interface Declaration {
  readonly service: string;
  readonly status: string;
  /** Time of the event, epoch ms. */
  readonly at: number;
  /** Id of the event. */
  readonly id: string;
  /** Name of the key with which it was said, where that is known. */
  readonly by: string | undefined;
  readonly window: MaintenanceWindow;
  /** Id of the event that declared maintenance which is called off with this. */
  readonly withdraws?: string;
}

const endings: ReadonlySet<string> = new Set(['up', 'degraded', 'down', 'unknown']);

/** Whether it says how the service is now, and that is not in maintenance; it may be about another time. */
export function endsMaintenance({ status, at, window: { from, until } }: Declaration): boolean {
  return endings.has(status) && covers({ from, until }, at);
}
