import type { UsageCounts, UsageLine } from '../../../openapi/api-types.js';
import { number, volume } from '../elements/format.js';

/** The two that are counted apart, and never added up. */
export const groups = [
  { id: 'regular', title: 'People' },
  { id: 'machine', title: 'Machines' },
] as const;
export type Group = (typeof groups)[number];

export interface Metric {
  readonly name: keyof UsageCounts;
  readonly title: string;
  /** Where there is no room. */
  readonly short: string;
}

const requests: Metric = { name: 'total_dataset_requests', title: 'Requests', short: 'Requests' };
const uniqueRequests: Metric = { name: 'unique_dataset_requests', title: 'Unique requests', short: 'Unique' };
const investigations: Metric = { name: 'total_dataset_investigations', title: 'Investigations', short: 'Investig.' };
const uniqueInvestigations: Metric = {
  name: 'unique_dataset_investigations',
  title: 'Unique investigations',
  short: 'Unique',
};
const transferred: Metric = { name: 'request_bytes', title: 'Volume', short: 'Volume' };

/** The figures of the table of months. */
export const allMetrics: readonly Metric[] = [
  requests,
  uniqueRequests,
  investigations,
  uniqueInvestigations,
  transferred,
];
/** The figures of every other table, and the large ones. */
export const mainMetrics: readonly Metric[] = [requests, uniqueRequests, investigations, transferred];

const none: UsageCounts = {
  total_dataset_investigations: 0,
  total_dataset_requests: 0,
  unique_dataset_investigations: 0,
  unique_dataset_requests: 0,
  bytes: 0,
  request_bytes: 0,
};

/** A text in place of the counts where there were too few users to say more. */
export const countsOf = (line: UsageLine | undefined, { id }: Group): UsageCounts | string => line?.[id] ?? none;

/** 0 where there were too few users to say more. */
export function amountOf(line: UsageLine | undefined, group: Group, { name }: Pick<Metric, 'name'>): number {
  const counts = countsOf(line, group);
  return typeof counts === 'string' ? 0 : counts[name];
}

/** Months add up: no session, and so nothing that is unique, is of two of them. */
export function sumOf(lines: Iterable<UsageLine>, group: Group): UsageCounts {
  const sum = { ...none };
  for (const line of lines) {
    for (const name of Object.keys(none) as (keyof UsageCounts)[]) sum[name] += amountOf(line, group, { name });
  }
  return sum;
}

export function figure(counts: UsageCounts, { name }: Metric): string {
  return name === 'request_bytes' ? volume(counts[name]) : number(counts[name]);
}

/** To the last byte, for those who ask. */
export function exactFigure(counts: UsageCounts, { name }: Metric): string | undefined {
  return name === 'request_bytes' ? `${number(counts[name])} bytes` : undefined;
}
