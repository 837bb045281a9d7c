import { dayOf, firstDayOf, lastDayOf, monthOf, readDay, readMonth, written } from '../../calendar.js';
import { type ReportException, reportException } from './exceptions.js';

export const metricTypes = [
  'total-dataset-investigations',
  'total-dataset-requests',
  'unique-dataset-investigations',
  'unique-dataset-requests',
] as const;
export type MetricType = (typeof metricTypes)[number];

export const accessMethods = ['regular', 'machine'] as const;
export type AccessMethod = (typeof accessMethods)[number];

/** What a Dataset Master Report is asked for. */
export interface ReportRequest {
  /** First and last day, 20260301. */
  readonly begin: number;
  readonly end: number;
  readonly metricTypes: readonly MetricType[];
  readonly accessMethods: readonly AccessMethod[];
  readonly dataset: string | undefined;
  /** As they were given, for the report's header. */
  readonly filters: readonly { readonly name: string; readonly value: string }[];
  /** Parameters that mean nothing here. */
  readonly unknown: readonly string[];
}

export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>;

const known: ReadonlySet<string> = new Set([
  ...['begin-date', 'end-date', 'metric-type', 'access-method', 'dataset-id', 'format', 'api_key', 'release'],
]);

/** The request, or why it cannot be answered. Names may be written with underscores too. */
export function readReportRequest(parameters: Parameters, now: number): ReportRequest | ReportException {
  const given = new Map(
    Object.entries(parameters).flatMap(([name, value]) => {
      const text = typeof value === 'string' ? value : value?.[0];
      return text === undefined || text === '' ? [] : [[nameOf(name), text] as const];
    }),
  );
  const begin = given.get('begin-date');
  const end = given.get('end-date');
  if (begin === undefined || end === undefined)
    return reportException(1030, 'begin-date and end-date are needed, such as 2026-01 and 2026-03');
  const first = dayIn(begin, firstDayOf);
  const last = dayIn(end, lastDayOf);
  if (first === undefined || last === undefined)
    return reportException(3020, 'dates are written 2026-03 or 2026-03-31');
  if (first > last) return reportException(3020, 'begin-date is after end-date');
  if (first > dayOf(now)) return reportException(3031, `${written(first)} has not come yet`);
  const metrics = choicesIn(given.get('metric-type'), metricTypes);
  const methods = choicesIn(given.get('access-method'), accessMethods);
  if (metrics === undefined) return reportException(3060, `metric-type is one or more of ${metricTypes.join('|')}`);
  if (methods === undefined) return reportException(3060, `access-method is one or more of ${accessMethods.join('|')}`);
  return {
    begin: first,
    end: last,
    metricTypes: metrics,
    accessMethods: methods,
    dataset: given.get('dataset-id'),
    filters: ['metric-type', 'access-method', 'dataset-id'].flatMap(name => {
      const value = given.get(name);
      return value === undefined ? [] : [{ name, value }];
    }),
    unknown: [...given.keys()].filter(name => !known.has(name)),
  };
}

function nameOf(name: string): string {
  return name === 'api_key' ? name : name.toLowerCase().replaceAll('_', '-');
}

function dayIn(text: string, ofMonth: (month: number) => number): number | undefined {
  const month = readMonth(text);
  return month === undefined ? readDay(text) : ofMonth(month);
}

/** All without a filter; undefined when it names something else. */
function choicesIn<Choice extends string>(
  text: string | undefined,
  choices: readonly Choice[],
): readonly Choice[] | undefined {
  if (text === undefined) return choices;
  const words = text.toLowerCase().replaceAll('_', '-').split('|');
  return words.every(word => choices.some(choice => choice === word))
    ? choices.filter(choice => words.includes(choice))
    : undefined;
}

/** Periods as the counts have them: a month that is there from its first day to its last may be a closed one. */
export function periodsOf({ begin, end }: Pick<ReportRequest, 'begin' | 'end'>): { from: number; to: number } {
  return { from: begin === firstDayOf(monthOf(begin)) ? monthOf(begin) * 100 : begin, to: end };
}
