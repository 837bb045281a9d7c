import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import type { UsageSection, UsageState } from './section.js';

export const reports: UsageSection = { id: 'usage-reports', title: 'Reports', View: Reports };

/** The same figures as files, for the months that are shown. */
function Reports({ usage: { query, period, choice } }: { usage: UsageState }): Markup {
  const master = { 'begin-date': query.from, 'end-date': query.to, 'dataset-id': choice.dataset };
  const name = `dataset-report-${query.from === query.to ? query.from : `${query.from}-to-${query.to}`}`;
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
      </ul>
    <//>`;
}

interface DownloadProps {
  readonly title: string;
  /** Relative to the page, as all paths are. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly file: string;
}

/** A link like any other: the session's cookie opens it. */
function Download({ title, path, query, file }: DownloadProps): Markup {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return html`<a class="button" href=${`${path}?${new URLSearchParams(given)}`} download=${file}>${title}</a>`;
}
