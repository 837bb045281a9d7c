import { firstDayOf, lastDayOf, monthAfter, monthOf, written } from '../../calendar.js';
import type { Clock } from '../../clock.js';
import type { DatasetMonth, DatasetReportPage } from '../../storage/usage-report.js';
import type { ItemFacts } from '../item.js';
import type { Usage } from '../usage.js';
import { type ReportException, reportException } from './exceptions.js';
import { missingFrom } from './missing.js';
import { periodsOf, type ReportRequest } from './request.js';

/** What the reports are made from. */
export type ReportedUsage = Pick<Usage, 'config' | 'report' | 'leftOut' | 'months' | 'waiting' | 'completeness'>;

/** A dataset with its months, in their order. */
export interface ReportedDataset {
  readonly id: string;
  readonly facts: ItemFacts;
  readonly months: readonly DatasetMonth[];
}

/** Everything that a report says beside its datasets. */
export interface ReportHead {
  readonly request: ReportRequest;
  /** Epoch ms. */
  readonly created: number;
  readonly exceptions: readonly ReportException[];
}

export interface DatasetReport {
  readonly head: ReportHead;
  /** A part at a time: each is read when it is asked for. */
  readonly datasets: AsyncIterable<readonly ReportedDataset[]>;
}

/** Datasets of one part. */
const partSize = 50;

/** The Dataset Master Report, or why there is none. @param withoutCountries for a form that has no place for them */
export async function datasetReport(
  usage: ReportedUsage,
  request: ReportRequest,
  clock: Pick<Clock, 'now'>,
  withoutCountries = false,
): Promise<DatasetReport | ReportException> {
  const closed = (await usage.months()).filter(month => month.closed !== null).map(({ month }) => month);
  const cut = [request.begin, request.end].find(
    day =>
      closed.includes(monthOf(day)) &&
      (day === request.begin ? day !== firstDayOf(monthOf(day)) : day !== lastDayOf(monthOf(day))),
  );
  if (cut !== undefined)
    return reportException(3020, `${written(monthOf(cut))} is closed and kept as a whole: ask for all of it`);
  const dataset = request.dataset === undefined ? {} : { dataset: request.dataset };
  const query = { ...periodsOf(request), ...dataset, withoutCountries };
  const read = (after: string): Promise<DatasetReportPage> => usage.report({ ...query, after, limit: partSize });
  const first = await read('');
  const exceptions = await exceptionsOf(usage, request, first.items.length > 0, clock.now());
  return { head: { request, created: clock.now(), exceptions }, datasets: parts(first, read) };
}

async function* parts(
  first: DatasetReportPage,
  read: (after: string) => Promise<DatasetReportPage>,
): AsyncGenerator<readonly ReportedDataset[]> {
  for (let page = first; page.items.length > 0; ) {
    yield grouped(page);
    const last = page.items.at(-1)?.[0];
    if (last === undefined || page.items.length < partSize) return;
    page = await read(last);
  }
}

function grouped({ items, months }: DatasetReportPage): ReportedDataset[] {
  let at = 0;
  return items.map(([id, facts]) => {
    const begin = at;
    while (at < months.length && months[at]![0] === id) at += 1;
    return { id, facts: facts === null ? {} : (JSON.parse(facts) as ItemFacts), months: months.slice(begin, at) };
  });
}

/** What the reader must know: what is missing, and what was not understood. */
async function exceptionsOf(
  usage: ReportedUsage,
  request: ReportRequest,
  any: boolean,
  now: number,
): Promise<ReportException[]> {
  const { begin, end, unknown } = request;
  const found: ReportException[] = [];
  if (unknown.length > 0) found.push(reportException(3050, unknown.join(', ')));
  if (!any) found.push(reportException(3030, `nothing was counted from ${written(begin)} to ${written(end)}`));
  for (const data of await missingFrom(usage, request, now)) found.push(reportException(3040, data));
  return found;
}

/** The months of a range, 202603. */
export function monthsOf({ begin, end }: Pick<ReportRequest, 'begin' | 'end'>): number[] {
  const months: number[] = [];
  for (let month = monthOf(begin); month <= monthOf(end); month = monthAfter(month)) months.push(month);
  return months;
}

/** Where a person finds it; undefined where it is not known whether it is a dataset or a file. */
export function uriOf({ id, facts }: ReportedDataset, clowderUrl: string | undefined): string | undefined {
  if (facts.doi !== undefined) return `https://doi.org/${facts.doi}`;
  if (clowderUrl === undefined || facts.type === undefined) return undefined;
  return `${clowderUrl}/${facts.type === 'file' ? 'files' : 'datasets'}/${encodeURIComponent(id)}`;
}

/** The year of publication where none is known, as the standard has it. */
export const unknownYear = '0001';
