import { written } from '../calendar.js';
import { csvLine } from '../printed/cell.js';
import type { Period, ServiceReport } from './report.js';

const columns = [
  'section',
  'service_name',
  'from',
  'until',
  'availability',
  'up_seconds',
  'degraded_seconds',
  'down_seconds',
  'maintenance_seconds',
  'unknown_seconds',
  'checks',
  'p50_seconds',
  'p95_seconds',
  'p99_seconds',
  'status',
  'message',
  'by',
  'at',
] as const;

type Row = Partial<Record<(typeof columns)[number], string | number | null | undefined>>;

/** One table for spreadsheets and programs: the column `section` says what a line is about. @see RFC 4180 */
export function availabilityAsCsv(reports: readonly ServiceReport[]): string {
  const rows = reports.flatMap(rowsOf);
  const lines = [csvLine(columns), ...rows.map(row => csvLine(columns.map(name => row[name])))];
  return `${lines.join('\r\n')}\r\n`;
}

function rowsOf(report: ServiceReport): Row[] {
  const of = { service_name: report.service };
  return [
    { section: 'total', ...of, ...figuresOf(report) },
    ...report.days.map(({ day, ...period }) => ({ section: 'day', ...of, from: written(day), ...figuresOf(period) })),
    ...report.outages.map(({ from, until, reason }) => ({
      ...{ section: 'outage', ...of, from: iso(from), until: iso(until), status: 'down', message: reason },
    })),
    ...report.corrections.map(({ from, until, state, message, by, at }) => ({
      ...{ section: 'correction', ...of, from: iso(from), until: iso(until), status: state, message, by, at: iso(at) },
    })),
  ];
}

function figuresOf({ availability, durations, responseTimes }: Period): Row {
  return {
    availability: availability === undefined ? null : Math.floor(availability * 1e5) / 1e5,
    up_seconds: durations.up / 1000,
    degraded_seconds: durations.degraded / 1000,
    down_seconds: durations.down / 1000,
    maintenance_seconds: durations.maintenance / 1000,
    unknown_seconds: durations.unknown / 1000,
    checks: responseTimes?.checks,
    p50_seconds: seconds(responseTimes?.p50),
    p95_seconds: seconds(responseTimes?.p95),
    p99_seconds: seconds(responseTimes?.p99),
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Number((ms / 1000).toPrecision(3));
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
