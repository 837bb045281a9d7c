import { Cron } from 'croner';
import type { MaintenanceWindow } from './maintenance.js';

/** Maintenance that comes back. */
export interface Recurrence {
  /** The window that a moment lies in, both in epoch ms. */
  windowAt(at: number): MaintenanceWindow | undefined;
  /** Those that have a part of this time, oldest first; at most `maxWindows` of them. */
  windowsBetween(from: number, until: number): readonly MaintenanceWindow[];
}

export interface RecurrenceOptions {
  /** Minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** IANA's name of the time zone that the hours are those of. */
  readonly timezone: string;
  /** Elapsed time, also where clocks are set meanwhile. */
  readonly durationMs: number;
  readonly message: string | undefined;
}

const maxWindows = 1_000;

/**
 * Windows that begin when a clock on the wall of that zone shows the time. A time that a change to summer time leaves
 * out begins when the clock goes on; one that comes twice counts once.
 * @throws Error with words for whoever wrote it
 */
export function recurrenceOf({ cron, timezone, durationMs, message }: RecurrenceOptions): Recurrence {
  const schedule = scheduleOf(cron, timezone);
  const window = (start: Date): MaintenanceWindow => ({
    from: start.getTime(),
    until: start.getTime() + durationMs,
    message,
  });
  /** What lies between two beginnings is looked up once. */
  let latest: { readonly from: number; readonly next: number; readonly window: MaintenanceWindow | undefined } = {
    from: 0,
    next: 0,
    window: undefined,
  };
  const find = (at: number): typeof latest => {
    const [start] = schedule.previousRuns(1, new Date(at + 1));
    const next = schedule.nextRun(new Date(at))?.getTime() ?? Number.POSITIVE_INFINITY;
    return { from: start?.getTime() ?? at, next, window: start && window(start) };
  };
  const windowAt = (at: number): MaintenanceWindow | undefined => {
    if (at < latest.from || at >= latest.next) latest = find(at);
    const { window: found } = latest;
    return found !== undefined && at >= found.from && at < (found.until ?? 0) ? found : undefined;
  };
  return {
    windowAt,
    windowsBetween(from, until) {
      const windows: MaintenanceWindow[] = [];
      const open = windowAt(from);
      if (open !== undefined) windows.push(open);
      let next = schedule.nextRun(new Date(from));
      while (next !== null && next.getTime() < until && windows.length < maxWindows) {
        windows.push(window(next));
        next = schedule.nextRun(next);
      }
      return windows;
    },
  };
}

function scheduleOf(pattern: string, timezone: string): Cron {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    throw new Error(`has an unknown time zone: ${timezone.slice(0, 60)}`);
  }
  let schedule: Cron;
  try {
    schedule = new Cron(pattern, { timezone, paused: true, mode: '5-part' });
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^\w+: /, '') : 'unknown';
    throw new Error(`has a cron that cannot be read (${why})`);
  }
  if (schedule.nextRun() === null) throw new Error('has a cron that never comes');
  return schedule;
}
