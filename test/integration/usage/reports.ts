import * as assert from 'uvu/assert';
import type { UsageLine } from '../../../openapi/api-types.js';
import { type Figures, figureNames, type Method } from './log.js';

const methods = ['regular', 'machine'] as const;

/** Figures of people and machines in the order in which they are known here; none where nothing is. */
export function figuresOf(key: string, line: Pick<UsageLine, Method>): (readonly [key: string, Figures])[] {
  return methods.flatMap(method => {
    const found = line[method];
    if (typeof found === 'string') throw new Error(`${key}: ${found}`);
    if (found.total_dataset_investigations === 0) return [];
    return [[`${key} ${method}`, Object.fromEntries(figureNames.map(name => [name, found[name]])) as Figures] as const];
  });
}

export const sorted = <One>(sums: Readonly<Record<string, One>>): Record<string, One> =>
  Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A Dataset Master Report, as far as its counts go. */
export interface DatasetReport {
  readonly 'report-datasets': readonly {
    readonly 'dataset-id': readonly { readonly value: string }[];
    readonly performance: readonly {
      readonly period: { readonly 'begin-date': string };
      readonly instance: readonly {
        readonly 'metric-type': string;
        readonly 'access-method': string;
        readonly count: number;
      }[];
    }[];
  }[];
}

/** A count, by `2026-03 da…7 regular total_dataset_requests`. */
type Count = readonly [key: string, count: number];

export function countsOfJson(report: DatasetReport): Count[] {
  return report['report-datasets'].flatMap(dataset =>
    dataset.performance.flatMap(({ period, instance }) =>
      instance.map((one): Count => {
        const id = dataset['dataset-id'].at(-1)?.value;
        const metric = one['metric-type'].replaceAll('-', '_');
        return [`${period['begin-date'].slice(0, 7)} ${id} ${one['access-method']} ${metric}`, one.count];
      }),
    ),
  );
}

/** The counts of the same report as a table, which has a column for each of the months; their sum is its total. */
export function countsOfTable(text: string, months: readonly string[]): Count[] {
  const [head = [], ...rows] = text
    .slice(text.indexOf('\n\n') + 2)
    .trimEnd()
    .split('\n')
    .map(row => row.split('\t'));
  const total = head.indexOf('Reporting_Period_Total');
  return rows.flatMap(row => {
    const [id, method, metric] = ['Other_ID', 'Access_Method', 'Metric_Type'].map(name => row[head.indexOf(name)]);
    const counts = months.map((month, index) => [month, Number(row[total + 1 + index])] as const);
    assert.is(
      counts.reduce((sum, [, count]) => sum + count, 0),
      Number(row[total]),
    );
    return counts
      .filter(([, count]) => count > 0)
      .map(([month, count]): Count => [`${month} ${id} ${method?.toLowerCase()} ${metric?.toLowerCase()}`, count]);
  });
}

/** The datasets, or the spaces, of a month's report as CSV. */
export function figuresOfCsv(csv: string, section: 'dataset' | 'space'): (readonly [key: string, Figures])[] {
  const [head = [], ...rows] = csv
    .trimEnd()
    .split('\r\n')
    .map(row => row.split(','));
  const cell = (row: readonly string[], name: string): string => row[head.indexOf(name)] ?? '';
  return rows
    .filter(row => cell(row, 'section') === section)
    .map(row => [
      `${cell(row, 'id') || 'null'} ${cell(row, 'access_method')}`,
      Object.fromEntries(figureNames.map(name => [name, Number(cell(row, name))])) as Figures,
    ]);
}
