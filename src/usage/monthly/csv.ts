import { csvLine } from '../../printed/cell.js';
import { type Figures, few } from '../figures.js';
import type { CountryLine, MonthlyReport, MonthSums, ReportLine } from './report.js';

const figureNames = [
  'total_dataset_investigations',
  'total_dataset_requests',
  'unique_dataset_investigations',
  'unique_dataset_requests',
  'bytes',
  'request_bytes',
] as const satisfies readonly (keyof Figures)[];

const columns = [
  'month',
  'section',
  'id',
  'title',
  'doi',
  'access_method',
  ...figureNames,
  'users',
  'datasets',
  'count',
];

type Row = Partial<Record<(typeof columns)[number], string | number | null | undefined>>;
const methods = ['regular', 'machine'] as const;

/** One table for spreadsheets and programs: the column `section` says what a line is about. @see RFC 4180 */
export function monthlyReportAsCsv(report: MonthlyReport): string {
  const lines = [csvLine(columns), ...rowsOf(report).map(row => lineOf({ month: report.month, ...row }))];
  return `${lines.join('\r\n')}\r\n`;
}

function rowsOf(report: MonthlyReport): Row[] {
  const { total, month_before, year_before, spaces, datasets, owners, countries, left_out, missing, notes } = report;
  const sums = (section: string, found: MonthSums | null): Row[] =>
    found === null
      ? []
      : [...figureRows(section, { id: null, title: null, ...found })].map(row => ({ ...row, month: found.month }));
  const all = { id: null, title: null, ...total };
  return [
    ...figureRows('total', all),
    ...sums('month_before', month_before),
    ...sums('year_before', year_before),
    ...spaces.flatMap(line => figureRows('space', line, { datasets: line.datasets })),
    ...datasets.flatMap(line => figureRows('dataset', line, { doi: line.doi })),
    ...owners.flatMap(line => figureRows('owner', line, { datasets: line.datasets })),
    ...countries.flatMap(countryRows),
    ...Object.entries(left_out).map(([reason, count]) => ({ section: 'left_out', id: reason, count })),
    ...missing.map(title => ({ section: 'missing', title })),
    ...notes.map(title => ({ section: 'note', title })),
  ];
}

/** A line for people and one for machines; one that is all 0 only where it is the total. */
function figureRows(section: string, line: ReportLine, more: Row = {}): Row[] {
  return methods
    .filter(method => section === 'total' || section.endsWith('_before') || !isNothing(line[method]))
    .map(method => ({
      section,
      id: line.id,
      title: line.title,
      access_method: method,
      ...line[method],
      users: line.users[method],
      ...more,
    }));
}

function countryRows({ id, ...line }: CountryLine): Row[] {
  return methods.flatMap((method): Row[] => {
    const figures = line[method];
    if (figures === few) return [{ section: 'country', id, access_method: method, users: few }];
    return isNothing(figures) ? [] : [{ section: 'country', id, access_method: method, ...figures }];
  });
}

function isNothing(figures: Figures): boolean {
  return figures.total_dataset_investigations === 0;
}

function lineOf(row: Row): string {
  return csvLine(columns.map(name => row[name]));
}
