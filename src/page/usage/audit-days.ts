import type { UsageAuditControl, UsageAuditDay } from '../../../openapi/api-types.js';
import { dateAndTime, number, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { sourceName } from './words.js';

interface AuditDaysProps {
  /** Those on which something stands alone. */
  readonly days: readonly UsageAuditDay[];
  /** The source that is held against the one that is counted. */
  readonly control: string;
  /** Both in words. */
  readonly counted: string;
  readonly other: string;
}

/** What stands alone, day by day, the latest first, and which accesses these are. */
export function AuditDays({ days, control: name, counted, other }: AuditDaysProps): Markup | null {
  if (days.length === 0) return null;
  const rows = [...days].reverse().flatMap(({ day, controls }) => {
    const found = controls.find(({ control }) => control === name);
    return found === undefined ? [] : [{ day, ...found }];
  });
  return html`
    <details>
      <summary>${plural(rows.length, 'day')} on which they differ</summary>
      <div class="scroll" tabindex="0" role="region" aria-label="Differences by day, table">
        <table>
          <thead>
            <tr><th scope="col" rowspan="2" class="corner">Day</th><th scope="colgroup" colspan="2">Only ${counted}</th><th scope="colgroup" colspan="2">Only ${other}</th></tr>
            <tr><th scope="col">Views</th><th scope="col">Downloads</th><th scope="col">Views</th><th scope="col">Downloads</th></tr>
          </thead>
          ${rows.map(row => html`<${Day} key=${row.day} row=${row} />`)}
        </table>
      </div>
    </details>`;
}

function Day({ row }: { row: UsageAuditControl & { readonly day: string } }): Markup {
  const { day, views, downloads, examples } = row;
  const counts = [views.counted.alone, downloads.counted.alone, views.control.alone, downloads.control.alone];
  return html`
    <tbody>
      <tr><th scope="row" class="day">${day}</th>${counts.map((count, at) => html`<td key=${at} class=${count === 0 ? 'zero' : ''}>${number(count)}</td>`)}</tr>
      ${examples.length > 0 && html`<tr><td colspan="5" class="usage-examples"><details><summary>Which</summary><ul>${examples.map(({ id, kind, said_by: by, time, resource }) => html`<li key=${id}><time dateTime=${new Date(time).toISOString()}>${dateAndTime(time)}</time> ${kind} of <code>${resource}</code>, said by ${sourceName(by)}</li>`)}</ul></details></td></tr>`}
    </tbody>`;
}
