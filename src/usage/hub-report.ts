import { firstDayOf, lastDayOf, written } from '../calendar.js';
import type { Clock } from '../clock.js';
import type { UsageConfig } from './config.js';
import { datasetReport, type ReportedUsage } from './report/dataset-report.js';
import { reportException } from './report/exceptions.js';
import { createdBy, datasetTexts, headerOf, makerOf } from './report/json.js';
import { accessMethods, metricTypes } from './report/request.js';

/** The report of a month as a hub takes it. */
export interface HubReport {
  /** By which the hub tells whose it is. */
  readonly createdBy: string;
  /** `2026-03-01` */
  readonly begin: string;
  /** About as many as the text has. */
  readonly characters: number;
  /** JSON; one that is going to be compressed has to say so. */
  text(compressed: boolean): string;
}

export interface Unset {
  readonly setting: 'USAGE_PUBLISHER_ID' | 'USAGE_PLATFORM';
  /** What it says, in words. */
  readonly what: string;
}

/**
 * What a hub's report cannot do without and is not set; undefined = it is all there. Without a maker of its own, a hub
 * would take it for the report of anybody else who has none.
 */
export function unsetOf(config: UsageConfig): Unset | undefined {
  if (config.publisherId === undefined) return { setting: 'USAGE_PUBLISHER_ID', what: 'the id of its publisher' };
  if (makerOf(config) === undefined)
    return { setting: 'USAGE_PLATFORM', what: 'the name of its platform or publisher' };
  return undefined;
}

/** @see the guide of DataCite's usage reports API, "Sending compressed reports" */
const compressedException = {
  ...reportException(69, 'usage data needs to be uncompressed'),
  'help-url': 'https://github.com/datacite/sashimi',
};

/** Undefined: no dataset was used, and a hub takes no empty report. */
export async function hubReport(
  usage: ReportedUsage,
  month: number,
  clock: Pick<Clock, 'now'>,
): Promise<HubReport | undefined> {
  const request = {
    begin: firstDayOf(month),
    end: lastDayOf(month),
    metricTypes,
    accessMethods,
    dataset: undefined,
    filters: [],
    unknown: [],
  };
  const report = await datasetReport(usage, request, clock);
  if ('code' in report) return undefined;
  const { head } = report;
  const texts: string[] = [];
  for await (const part of report.datasets) texts.push(...datasetTexts(part, request, usage.config));
  if (texts.length === 0) return undefined;
  const datasets = texts.join(',');
  return {
    createdBy: createdBy(usage.config),
    begin: written(request.begin),
    characters: datasets.length,
    text: compressed => {
      const exceptions = compressed ? [...head.exceptions, compressedException] : head.exceptions;
      const header = JSON.stringify(headerOf({ ...head, exceptions }, usage.config));
      return `{"report-header":${header},"report-datasets":[${datasets}]}`;
    },
  };
}
