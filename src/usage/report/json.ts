import { firstDayOf, lastDayOf, written } from '../../calendar.js';
import { type DatasetMonth, minUsers } from '../../storage/usage-report.js';
import type { UsageConfig } from '../config.js';
import { type DatasetReport, type ReportedDataset, type ReportHead, unknownYear, uriOf } from './dataset-report.js';
import { accessMethods, type MetricType, type ReportRequest } from './request.js';

/** Where each metric stands in a month's row. */
const places: Readonly<Record<MetricType, 4 | 5 | 6 | 7>> = {
  'total-dataset-investigations': 4,
  'total-dataset-requests': 5,
  'unique-dataset-investigations': 6,
  'unique-dataset-requests': 7,
};

/** The report as JSON, in parts. @see schema of DataCite's usage reports, `counter_dataset_report` */
export async function* reportAsJson({ head, datasets }: DatasetReport, config: UsageConfig): AsyncGenerator<string> {
  yield `{"report-header":${JSON.stringify(headerOf(head, config))},"report-datasets":[`;
  let separator = '';
  for await (const part of datasets) {
    const texts = datasetTexts(part, head.request, config);
    if (texts.length === 0) continue;
    yield separator + texts.join(',');
    separator = ',';
  }
  yield ']}\n';
}

export function headerOf({ request, created, exceptions }: ReportHead, config: UsageConfig): object {
  return {
    'report-name': 'dataset report',
    'report-id': 'DSR',
    release: 'rd1',
    created: new Date(created).toISOString(),
    'created-by': createdBy(config),
    'reporting-period': { 'begin-date': written(request.begin), 'end-date': written(request.end) },
    'report-filters': request.filters,
    'report-attributes': [],
    exceptions,
  };
}

/** Who made a report, in its header. */
export function createdBy(config: UsageConfig): string {
  return makerOf(config) ?? 'event-sink';
}

/** By which a hub tells whose report it is; undefined = nobody is named, and the report could be anybody's. */
export function makerOf({ platform, publisher }: UsageConfig): string | undefined {
  return platform ?? publisher;
}

/** Each dataset that has something to report. */
export function datasetTexts(
  part: readonly ReportedDataset[],
  request: ReportRequest,
  config: UsageConfig,
): readonly string[] {
  return part.flatMap(dataset => {
    const performance = performanceOf(dataset.months, request);
    return performance.length === 0 ? [] : [JSON.stringify({ ...describe(dataset, config), performance })];
  });
}

function describe(dataset: ReportedDataset, config: UsageConfig): object {
  const { id, facts } = dataset;
  const uri = uriOf(dataset, config.clowderUrl);
  return {
    'dataset-title': facts.title ?? id,
    'dataset-id': [
      ...(facts.doi === undefined ? [] : [{ type: 'doi', value: facts.doi }]),
      { type: 'proprietary', value: id },
    ],
    'dataset-contributors': (facts.creators ?? []).map(value => ({ type: 'name', value })),
    platform: config.platform ?? '',
    publisher: config.publisher ?? '',
    'publisher-id': publisherIds(config.publisherId),
    'data-type': 'dataset',
    yop: unknownYear,
    ...(uri === undefined ? {} : { uri }),
  };
}

function publisherIds(id: string | undefined): object[] {
  if (id === undefined) return [];
  const at = id.indexOf(':');
  return [{ type: id.slice(0, at), value: id.slice(at + 1) }];
}

/** Months, methods and metrics without a count are left out. */
function performanceOf(months: readonly DatasetMonth[], request: ReportRequest): object[] {
  const performance: object[] = [];
  for (let at = 0; at < months.length; ) {
    const month = months[at]![1];
    const begin = at;
    while (at < months.length && months[at]![1] === month) at += 1;
    const [first, last] = [firstDayOf(month), lastDayOf(month)];
    const rows = months.slice(begin, at);
    // Two parts of a month that differ by a day would show the countries of that day.
    const isWhole = request.begin <= first && last <= request.end;
    const instance = instancesOf(isWhole ? rows : rows.filter(([, , , country]) => country === ''), request);
    if (instance.length === 0) continue;
    const period = {
      'begin-date': written(Math.max(first, request.begin)),
      'end-date': written(Math.min(last, request.end)),
    };
    performance.push({ period, instance });
  }
  return performance;
}

function instancesOf(rows: readonly DatasetMonth[], request: ReportRequest): object[] {
  const instances: object[] = [];
  for (const method of request.accessMethods) {
    const own = rows.filter(([, , machine]) => accessMethods[machine] === method);
    const total = own.find(([, , , country]) => country === '');
    for (const metric of total === undefined ? [] : request.metricTypes) {
      const place = places[metric];
      const count = total?.[place] ?? 0;
      if (count === 0) continue;
      const countries = own.filter(row => row[3] !== '' && row[place] > 0 && isShown(row, metric));
      instances.push({
        'metric-type': metric,
        'access-method': method,
        count,
        ...(countries.length === 0
          ? {}
          : { 'country-counts': Object.fromEntries(countries.map(row => [row[3], row[place]])) }),
      });
    }
  }
  return instances;
}

/** A metric of a country rests on enough users; one of downloads on as many who downloaded. */
function isShown(row: DatasetMonth, metric: MetricType): boolean {
  const isRequest = metric === 'total-dataset-requests' || metric === 'unique-dataset-requests';
  const [, , , , , , , , users, requestUsers] = row;
  return users >= minUsers && (!isRequest || requestUsers >= minUsers);
}

/** One metric of a month, by people or machines. */
export function countOf(row: DatasetMonth, metric: MetricType): number {
  return row[places[metric]];
}
