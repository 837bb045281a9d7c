import { written } from '../calendar.js';
import { costFields } from '../events/cost-fields.js';
import { csvLine } from '../printed/cell.js';
import { fieldsOfCost } from './cost-fields.js';
import { figuresOf } from './figures.js';
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
  ...(Object.keys(costFields) as (keyof typeof costFields)[]),
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
    { section: 'total', ...of, ...cellsOf(report) },
    ...report.days.map(({ day, ...period }) => ({ section: 'day', ...of, from: written(day), ...cellsOf(period) })),
    ...report.outages.map(({ from, until, reason, cost }) => ({
      ...{ section: 'outage', ...of, from: iso(from), until: iso(until), status: 'down', message: reason },
      ...(cost === undefined ? {} : { ...fieldsOfCost(cost), counted_until: iso(cost.until) }),
    })),
    ...report.corrections.map(({ from, until, state, message, by, at }) => ({
      ...{ section: 'correction', ...of, from: iso(from), until: iso(until), status: state, message, by, at: iso(at) },
    })),
  ];
}

function cellsOf(period: Period): Row {
  const { response_times, ...figures } = figuresOf(period);
  return { ...figures, ...response_times };
}

function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
