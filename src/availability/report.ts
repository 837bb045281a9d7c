import { cutInto, type Span } from '../spans.js';
import type { AvailabilityRecord, Correction } from '../storage/availability.js';
import { availabilityOf, type Durations, durationsOf, historyOf, type Outage, outagesOf } from './history.js';
import { type Buckets, merged, percentile } from './response-times.js';

/** Milliseconds that half, 95 and 99 of 100 checks did not exceed; right within 2.5 %. */
export interface ResponseTimes {
  readonly checks: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Period {
  readonly durations: Durations;
  /** Percent; undefined when the service was never seen while it should have worked. */
  readonly availability: number | undefined;
  /** From the days of UTC. */
  readonly responseTimes: ResponseTimes | undefined;
}

export interface ServiceReport extends Period {
  readonly service: string;
  readonly outages: readonly Outage[];
  /** What people said of this time, in the order in which they said it. */
  readonly corrections: readonly Correction[];
  /** What was maintenance by the settings, as far as it was looked at. */
  readonly maintenance: readonly Span[];
  readonly days: readonly (Period & { readonly day: number })[];
}

export interface ReportRange {
  /** Epoch ms. */
  readonly from: number;
  /** What lies after it is not known yet. */
  readonly until: number;
  readonly days: readonly ReportDay[];
}

export interface ReportDay {
  /** 20260315. */
  readonly day: number;
  readonly from: number;
  readonly until: number;
}

/**
 * @param asOf when the service was last looked at, where somebody still looks: what comes after it is not known yet,
 * rather than unknown for good
 */
export function reportOf(service: string, record: AvailabilityRecord, range: ReportRange, asOf: number): ServiceReport {
  const end = Math.min(range.until, asOf);
  const history = historyOf(record, range.from, end);
  const days = range.days.filter(({ from }) => from < end);
  const times = new Map(record.times.map(({ day, counts }) => [day, counts]));
  return {
    service,
    ...periodOf(durationsOf(history), merged([...times.values()])),
    outages: outagesOf(history, end, asOf <= range.until),
    corrections: record.corrections,
    maintenance: record.maintenance,
    days: cutInto(history, days).map((part, place) => {
      const { day } = days[place] as ReportDay;
      return { day, ...periodOf(durationsOf(part), times.get(day) ?? []) };
    }),
  };
}

function periodOf(durations: Durations, buckets: Buckets): Period {
  return { durations, availability: availabilityOf(durations), responseTimes: responseTimesOf(buckets) };
}

function responseTimesOf(buckets: Buckets): ResponseTimes | undefined {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map(share => percentile(buckets, share));
  if (p50 === undefined || p95 === undefined || p99 === undefined) return undefined;
  return { checks: buckets.reduce((sum, [, count]) => sum + count, 0), p50, p95, p99 };
}
