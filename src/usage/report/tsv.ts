import { written } from '../../calendar.js';
import { tsvLine } from '../../printed/cell.js';
import type { UsageConfig } from '../config.js';
import {
  type DatasetReport,
  monthsOf,
  type ReportedDataset,
  type ReportHead,
  unknownYear,
  uriOf,
} from './dataset-report.js';
import { countOf, createdBy } from './json.js';
import { accessMethods, type ReportRequest } from './request.js';

const columns = [
  'Dataset_Title',
  'Publisher',
  'Publisher_ID',
  'Creators',
  'Publication_Date',
  'Dataset_Version',
  'DOI',
  'Other_ID',
  'URI',
  'YOP',
  'Access_Method',
  'Metric_Type',
  'Reporting_Period_Total',
];

/** The report for people, in parts: ten rows of what it is, an empty one, and a table. */
export async function* reportAsTsv({ head, datasets }: DatasetReport, config: UsageConfig): AsyncGenerator<string> {
  const months = monthsOf(head.request);
  const table = line([...columns, ...months.map(nameOfMonth)]);
  yield `${headerRows(head, config).map(line).join('')}\n${table}`;
  for await (const part of datasets) yield part.map(dataset => rowsOf(dataset, head.request, months, config)).join('');
}

function headerRows({ request, created, exceptions }: ReportHead, config: UsageConfig): string[][] {
  const period = `begin_date=${written(request.begin)}; end_date=${written(request.end)}`;
  const metrics = request.filters.some(({ name }) => name === 'metric-type') ? request.metricTypes.map(capitals) : [];
  const filters = request.filters.filter(({ name }) => name !== 'metric-type');
  return [
    ['Report_Name', 'Dataset Master Report'],
    ['Report_ID', 'DSR'],
    ['Release', 'RD1'],
    ['Metric_Types', metrics.join('; ')],
    ['Report_Filters', filters.map(({ name, value }) => `${capitals(name)}=${value}`).join('; ')],
    ['Report_Attributes', ''],
    ['Exceptions', exceptions.map(({ code, message, data }) => `${code}: ${message} (${data})`).join('; ')],
    ['Reporting_Period', period],
    ['Created', new Date(created).toISOString()],
    ['Created_By', createdBy(config)],
  ];
}

function rowsOf(
  dataset: ReportedDataset,
  request: ReportRequest,
  months: readonly number[],
  config: UsageConfig,
): string {
  const { id, facts } = dataset;
  const about = [
    facts.title ?? '',
    config.publisher ?? '',
    config.publisherId ?? '',
    (facts.creators ?? []).join('; '),
    '',
    '',
    facts.doi ?? '',
    id,
    uriOf(dataset, config.clowderUrl) ?? '',
    unknownYear,
  ];
  return request.accessMethods
    .flatMap(method => {
      const own = new Map(
        dataset.months
          .filter(([, , machine, country]) => country === '' && accessMethods[machine] === method)
          .map(row => [row[1], row]),
      );
      return request.metricTypes.map(metric => {
        const counts = months.map(month => (own.has(month) ? countOf(own.get(month)!, metric) : 0));
        const total = counts.reduce((sum, count) => sum + count, 0);
        return total === 0
          ? ''
          : line([...about, capitals(method), capitals(metric), String(total), ...counts.map(String)]);
      });
    })
    .join('');
}

/** `Mar-2026`. */
function nameOfMonth(month: number): string {
  const name = new Date(Date.UTC(2000, (month % 100) - 1)).toLocaleString('en', { month: 'short', timeZone: 'UTC' });
  return `${name}-${Math.floor(month / 100)}`;
}

/** `total-dataset-requests` is `Total_Dataset_Requests` here. */
function capitals(words: string): string {
  return words.replace(/(?:^|-)[a-z]/g, start => start.replace('-', '_').toUpperCase());
}

function line(fields: readonly string[]): string {
  return `${tsvLine(fields)}\n`;
}
