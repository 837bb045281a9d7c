import type { Schedule } from './heartbeat.js';

/** A schedule as somebody wrote it, s; what is missing follows from the rest. */
export interface WrittenSchedule {
  readonly every?: number | undefined;
  readonly grace?: number | undefined;
  readonly runtime?: number | undefined;
}

export const maxScheduleSeconds = 366 * 86_400;
const minGraceSeconds = 60;
const graceWithoutIntervalSeconds = 3600;

/** Grace: a tenth of the interval, at least a minute; an hour where there is no interval. A run may take as long. */
export function scheduleOf({ every, grace, runtime }: WrittenSchedule): Schedule {
  const usual = every === undefined ? graceWithoutIntervalSeconds : Math.max(minGraceSeconds, every / 10);
  const graceSeconds = grace ?? usual;
  return {
    everyMs: every === undefined ? undefined : every * 1000,
    graceMs: graceSeconds * 1000,
    runtimeMs: (runtime ?? graceSeconds) * 1000,
  };
}
