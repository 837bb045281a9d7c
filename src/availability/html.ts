import { dayOf, written } from '../calendar.js';
import { durationInWords, escaped, isolated, timeInWords } from '../printed/markup.js';
import { style } from '../printed/style.js';
import { type Figure, minWeeks, type OutageCost } from './cost.js';
import { leftOutInWords, numberInWords } from './cost-words.js';
import type { Durations, Outage } from './history.js';
import type { Period, ServiceReport } from './report.js';

export interface ReportHead {
  /** Whose services they are; undefined = not known. */
  readonly name: string | undefined;
  /** Days, 20260315. */
  readonly first: number;
  readonly last: number;
  readonly zone: string;
  /** When it was made, epoch ms. */
  readonly created: number;
}

/** A page that is complete in itself, without a script, for the screen and for paper (A4). */
export function availabilityAsHtml(reports: readonly ServiceReport[], head: ReportHead): string {
  const { name, first, last, zone, created } = head;
  const range = `${written(first)} to ${written(last)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Availability, ${range}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Availability of services</h1>
<p class="lead">${name === undefined ? '' : `${isolated(name)}, `}${range} (${escaped(zone)})</p>
</header>
<main>
${reports.length === 0 ? '<p class="box">Nothing is known of any service in this time.</p>' : summary(reports)}
${reports.map(one => serviceSection(one, reports.length)).join('\n')}
${reports.length === 0 ? '' : method}
</main>
<footer>Made on ${timeInWords(created)} by event-sink.</footer>
</body>
</html>
`;
}

const heads = ['Availability', 'Up', 'Degraded', 'Down', 'Maintenance', 'Nobody looked'];

function summary(reports: readonly ServiceReport[]): string {
  const rows = reports.map(report => [isolated(report.service), ...figures(report)]);
  return table(['Service', ...heads], rows);
}

function figures({ availability, durations }: Period): Cells {
  return [
    percent(availability),
    ...(['up', 'degraded', 'down', 'maintenance', 'unknown'] as const).map(state =>
      durations[state] === 0 ? '–' : durationInWords(durations[state]),
    ),
  ];
}

function serviceSection(report: ServiceReport, services: number): string {
  const { service, outages, corrections, responseTimes } = report;
  const times =
    responseTimes === undefined
      ? ''
      : `<p>Half of ${responseTimes.checks} checks were answered within ${ms(responseTimes.p50)}, 95 of 100 within ${ms(responseTimes.p95)}, 99 of 100 within ${ms(responseTimes.p99)}.</p>`;
  return `<h2>${isolated(service)}</h2>
${services === 1 ? keyFigures(report) : ''}${times}
${outages.length === 0 ? '<p>No outage.</p>' : table(['Outage from', 'until', 'for', 'Reason'], outages.map(outageRow), 'said')}
${costTable(outages)}${corrections.length === 0 ? '' : `<p>What people said of this time. It holds over what the checks saw; remarks about a moment, without an end, change nothing:</p>${table(['From', 'until', 'What', 'Message', 'Said by', 'on'], corrections.map(correctionRow), 'said')}`}
${daysTable(report)}`;
}

function keyFigures({ availability, durations }: Period): string {
  return `<ul class="key"><li><b>${percent(availability)}</b><span>available</span></li><li><b>${lengthInWords(durations.down)}</b><span>down</span></li><li><b>${lengthInWords(durations.maintenance)}</b><span>in maintenance</span></li><li><b>${lengthInWords(durations.unknown)}</b><span>in which nobody looked</span></li></ul>`;
}

function lengthInWords(ms: number): string {
  return ms === 0 ? 'none' : durationInWords(ms);
}

function outageRow({ from, until, reason }: Outage): Cells {
  const length = until === null ? 'it goes on' : durationInWords(until - from);
  return [timeInWords(from), until === null ? '–' : timeInWords(until), length, isolated(reason ?? '')];
}

/** What came in while it was down, of the outages of which that is known. */
function costTable(outages: readonly Outage[]): string {
  const rows = outages.flatMap(({ from, cost }) => (cost === undefined ? [] : [costRow(from, cost)]));
  if (rows.length === 0) return '';
  const names = ['Outage from', 'Requests', 'Visitors at a time', 'Downloads', 'Failed uploads', 'Compared with'];
  return `<p>What came in meanwhile, instead of what the same hours of the four weeks before had on average (least to most):</p>${table(names, rows, 'said')}`;
}

function costRow(from: number, { requests, visitors, downloads, failedUploads, weeks, leftOut }: OutageCost): Cells {
  const left = leftOut.map(week => `not with ${dateInWords(week.from)}: ${leftOutInWords(week.reason)}`);
  const compared = weeks < minWeeks ? 'not enough history' : `${weeks} weeks`;
  return [
    timeInWords(from),
    ...[requests, visitors, downloads, failedUploads].map(figureCell),
    [compared, ...left].join('<br>'),
  ];
}

function figureCell(figure: Figure | undefined): string {
  if (figure === undefined) return '–';
  const { counted, expected } = figure;
  if (expected === undefined) return numberInWords(counted);
  const { mean, min, max } = expected;
  return `${numberInWords(counted)} instead of <b>${numberInWords(mean)}</b><span class="id">${numberInWords(min)} to ${numberInWords(max)}</span>`;
}

function dateInWords(time: number): string {
  return written(dayOf(time));
}

function correctionRow({ from, until, state, message, by, at }: ServiceReport['corrections'][number]): Cells {
  return [
    timeInWords(from),
    until === null ? 'further notice' : until === from ? '–' : timeInWords(until),
    escaped(state),
    isolated(message ?? ''),
    isolated(by ?? 'not known'),
    timeInWords(at),
  ];
}

/** Days on which all was well, or nobody looked at all, need no line. */
function daysTable({ days }: ServiceReport): string {
  const unseen = days.filter(({ durations }) => isUnseen(durations)).length;
  const worth = days.filter(({ durations }) => !isWell(durations) && !isUnseen(durations));
  const well = days.length - worth.length - unseen;
  const rows = worth.map(({ day, ...period }) => [written(day), ...figures(period)]);
  const notes = [
    well === 0 ? '' : `It was up all the time on ${count(well)}.`,
    unseen === 0 ? '' : `Nobody looked on ${count(unseen)}.`,
  ];
  const note = `<p class="note">${notes.join(' ').trim()}</p>`;
  return `${worth.length === 0 ? '' : table(['Day', ...heads], rows)}${note}`;
}

function count(days: number): string {
  return days === 1 ? 'one day' : `${days} days`;
}

function isUnseen({ up, degraded, down, maintenance }: Durations): boolean {
  return up + degraded + down + maintenance === 0;
}

function isWell({ degraded, down, maintenance, unknown }: Durations): boolean {
  return degraded + down + maintenance + unknown === 0;
}

const method = `<h2>How it was counted</h2>
<dl>
<dt>Availability</dt><dd>The share of the time in which the service worked, well or not so well, of the time in which it should have worked and was looked at. Maintenance, and the time in which nobody looked, count neither way and are shown.</dd>
<dt>States</dt><dd>A state holds from the first check that found it to the first that found another, once enough checks in a row agree.</dd>
<dt>Nobody looked</dt><dd>The daemon that checks was away, or the service was not watched. Nothing is filled in.</dd>
<dt>What came in</dt><dd>By the NGINX logs, whole windows of them, whatever was asked for. Expected is the mean of the same hours of the four weeks before, by the clock of the time zone above; a week in which the service was not up all that time, or of which there is no log, is left out, and fewer than two are not enough. Visitors are those of one window, on average. Uploads count as failed with an answer 4xx or 5xx, or when the client gave up.</dd>
<dt>Response times</dt><dd>Right within 2.5 %; by days of UTC.</dd>
</dl>`;

/** Markup, the first of them the heading of its row. */
type Cells = readonly string[];

/** On a narrow screen each row is a list of its cells with their names; the roles stay those of a table. */
function table(names: readonly string[], rows: readonly Cells[], kind = 'text'): string {
  const head = names.map(name => `<th scope="col" role="columnheader">${name}</th>`).join('');
  return `<table class="stacked ${kind}" role="table">\n<thead role="rowgroup"><tr role="row">${head}</tr></thead>\n<tbody role="rowgroup">\n${rows.map(cells => row(names, cells)).join('\n')}\n</tbody>\n</table>`;
}

function row([name = '', ...names]: readonly string[], [first = '', ...rest]: Cells): string {
  const cells = rest.map((cell, place) => `<td role="cell" data-name="${names[place] ?? ''}">${cell}</td>`);
  return `<tr role="row"><th scope="row" role="rowheader" data-name="${name}">${first}</th>${cells.join('')}</tr>`;
}

/** Never looks better than it is: 99.9999 is not 100. */
function percent(value: number | undefined): string {
  return value === undefined ? 'not known' : `${Math.floor(value * 1000) / 1000} %`;
}

function ms(value: number): string {
  return value < 1000 ? `${Number(value.toPrecision(3))} ms` : `${Number((value / 1000).toPrecision(3))} s`;
}
