import type { Period } from './report.js';

/** The figures of a time under the names that the API and the table give them. */
export function figuresOf({ availability, durations, responseTimes }: Period) {
  return {
    // Never looks better than it is: 99.999999 is not 100.
    availability: availability === undefined ? null : Math.floor(availability * 1e5) / 1e5,
    up_seconds: durations.up / 1000,
    degraded_seconds: durations.degraded / 1000,
    down_seconds: durations.down / 1000,
    maintenance_seconds: durations.maintenance / 1000,
    unknown_seconds: durations.unknown / 1000,
    response_times:
      responseTimes === undefined
        ? null
        : {
            checks: responseTimes.checks,
            p50_seconds: inSeconds(responseTimes.p50),
            p95_seconds: inSeconds(responseTimes.p95),
            p99_seconds: inSeconds(responseTimes.p99),
          },
  };
}

/** Three significant digits are more than is known. */
function inSeconds(ms: number): number {
  return Number((ms / 1000).toPrecision(3));
}
