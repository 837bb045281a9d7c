import { useState } from 'preact/hooks';
import type { ListedReport } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { Section } from '../elements/section.js';
import { Failure } from '../elements/states.js';
import { seldomMs, useKept } from './answers.js';
import { dayInWords, monthInWords } from './calendar.js';
import type { UsageSection, UsageState } from './section.js';

export const reports: UsageSection = { id: 'usage-reports', title: 'Reports', View: Reports };

const rowsAtFirst = 6;

/** The same figures as files: of all months that are shown for harvesters, and of each month for those who pay. */
function Reports({ usage: { query, period, choice } }: { usage: UsageState }): Markup {
  const [all, setAll] = useState(false);
  const master = { 'begin-date': query.from, 'end-date': query.to, 'dataset-id': choice.dataset };
  const name = `dataset-report-${query.from === query.to ? query.from : `${query.from}-to-${query.to}`}`;
  const { data, error, stale, refresh } = useKept(usePolled('usage reports', seldomMs, () => ask('v1/usage-reports')));
  const listed = data?.reports.filter(({ month }) => month >= query.from && month <= query.to) ?? [];
  return html`
    <${Section} of=${reports}>
      <ul class="panel usage-reports">
        <li>
          <div><h3>Dataset Master Report</h3><p class="muted">DSR, release RD1 of the COUNTER Code of Practice for Research Data: ${choice.dataset === undefined ? 'all datasets' : 'this dataset'}, ${period}. Programs fetch it at <code>/counter</code>.</p></div>
          <div class="actions">
            <${Download} title="JSON" path="counter/reports/dsr" query=${master} file="${name}.json" />
            <${Download} title="TSV" path="counter/reports/dsr" query=${{ ...master, format: 'tsv' }} file="${name}.tsv" />
          </div>
        </li>
        ${(all ? listed : listed.slice(0, rowsAtFirst)).map(one => html`<${MonthlyReport} key=${one.month} report=${one} />`)}
      </ul>
      ${!all && listed.length > rowsAtFirst && html`<p class="more"><button type="button" onClick=${() => setAll(true)}>Show the reports of all months</button></p>`}
      ${error !== undefined && stale && html`<${Failure} error=${error} onRetry=${refresh} />`}
    <//>`;
}

function MonthlyReport({ report: { month, closed } }: { report: ListedReport }): Markup {
  const title = `Report of ${monthInWords(month)}`;
  const path = `v1/usage-reports/${month}`;
  return html`
    <li>
      <div><h3>${title}</h3><p class="muted">By space, dataset and owner, for all datasets: ${closed === null ? 'as far as it is known now.' : `as the month was closed on ${dayInWords(closed)}.`}</p></div>
      <div class="actions">
        <a class="button" href="${path}.html" target="_blank" rel="noopener" aria-label="${title} as a page">Page</a>
        <${Download} title="CSV" of=${title} path="${path}.csv" file="usage-${month}.csv" />
        <${Download} title="JSON" of=${title} path="${path}.json" file="usage-${month}.json" />
      </div>
    </li>`;
}

interface DownloadProps {
  readonly title: string;
  /** What it is of, where more than one has this title. */
  readonly of?: string;
  /** Relative to the page, as all paths are. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly file: string;
}

/** A link like any other: the session's cookie opens it. */
function Download({ title, of, path, query = {}, file }: DownloadProps): Markup {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const address = given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
  return html`<a class="button" href=${address} download=${file} aria-label=${of === undefined ? undefined : `${of} as ${title}`}>${title}</a>`;
}
