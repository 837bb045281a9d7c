import { useMemo } from 'preact/hooks';
import type { Ledger } from '../../../openapi/api-types.js';
import { hourAndMinute, number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Failure, Loading, StateChip } from '../elements/states.js';

export const ledger: PageSection = { id: 'ledger', title: 'Ledger', View: LedgerSection };

const outcomes = ['delivered', 'duplicates', 'filtered', 'too_old', 'erased', 'dead', 'pending', 'missing'] as const;
const wordOf = (name: (typeof outcomes)[number]): string => name.replace('_', ' ');

/**
 * Every event that came in is somewhere: for each sink, the sum that proves it. It does not change with every second.
 */
function LedgerSection({ page: { status, ledger: report, ledgerError: error } }: { page: PageState }): Markup {
  const titles = status.sinks.map(({ sink, title }) => `${sink}=${title}`).join();
  return useMemo(() => {
    const verdict =
      report !== undefined &&
      (report.balanced
        ? html`<${StateChip} tone="good" word="balanced" />`
        : html`<${StateChip} tone="bad" word="not balanced" />`);
    const titleOf = new Map(status.sinks.map(({ sink, title }) => [sink, title]));
    return html`
      <${Section} of=${ledger} aside=${verdict}>
        ${report === undefined && (error === undefined ? html`<${Loading} what="Adding up" />` : html`<${Failure} error=${error} />`)}
        ${report !== undefined && html`<${Sums} ledger=${report} titles=${titleOf} />`}
      <//>`;
  }, [report, error, titles]);
}

function Sums({ ledger, titles }: { ledger: Ledger; titles: ReadonlyMap<string, string> }): Markup {
  return html`
    <p class="section-note">Since the beginning: every event accepted for a sink has been delivered, recognised as a duplicate, left out or given up, or is still on its way.${reasons(ledger).map(reason => ` ${reason}`)}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Ledger, table">
      <table class="sums">
        <thead><tr><th scope="col">Sink</th><th scope="col">accepted</th>
          ${outcomes.map((name, at) => html`<th key=${name} scope="col"><span class="operator" aria-hidden="true">${at === 0 ? '=' : '+'}</span>${wordOf(name)}</th>`)}
          <th scope="col" class="verdict">difference</th><th scope="col" class="hours">last 48 hours</th></tr></thead>
        <tbody>
          ${ledger.sinks.map(
            row => html`
              <tr key=${row.sink}>
                <th scope="row">${titles.get(row.sink) ?? row.sink}</th><td data-label="accepted">${number(row.accepted)}</td>
                ${outcomes.map((name, at) => html`<td key=${name} data-label=${wordOf(name)} class=${row[name] === 0 ? 'zero' : name === 'missing' && row.missing > row.acknowledged ? 'wrong' : ''} title=${name === 'missing' && row.acknowledged > 0 ? `${number(row.acknowledged)} acknowledged` : undefined}><span class="operator" aria-hidden="true">${at === 0 ? '=' : '+'}</span>${number(row[name])}</td>`)}
                <td data-label="difference" class="verdict ${row.difference === 0 || row.difference === null ? '' : 'wrong'}">${difference(row)}</td>
                <td data-label="last 48 hours" class="hours"><${Hours} ledger=${ledger} sink=${row.sink} /></td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function difference({ difference, inexact }: Ledger['sinks'][number]): Markup | string {
  if (difference === null) return html`<span class="muted" title=${inexact}>not known</span>`;
  return difference === 0 ? html`<span role="img" aria-label="none">✓</span>` : number(difference);
}

/** Why counts prove nothing now, each reason once. */
function reasons({ sinks }: Ledger): string[] {
  return [...new Set(sinks.flatMap(({ inexact }) => inexact ?? []))];
}

/** Accepted events by the hour. */
function Hours({ ledger, sink }: { ledger: Ledger; sink: string }): Markup {
  const hours = new Map(ledger.hours.filter(row => row.sink === sink).map(row => [row.hour ?? 0, row.accepted]));
  if (hours.size === 0) return html`<span class="muted">–</span>`;
  const newest = Math.max(...hours.keys());
  const columns = Array.from({ length: 48 }, (_, index) => newest - (47 - index) * 3_600_000);
  const top = Math.max(...hours.values(), 1);
  return html`
    <svg class="hour-bars" viewBox="0 0 192 28" role="img" aria-label="Accepted events by the hour, at most ${number(top)}">
      ${columns.map((hour, index) => {
        const value = hours.get(hour) ?? 0;
        const tall = value === 0 ? 1 : Math.max(2, (value / top) * 27);
        return html`<rect key=${hour} class=${value === 0 ? 'none' : ''} x=${index * 4} y=${28 - tall} width="3" height=${tall}><title>${hourAndMinute(hour)}: ${number(value)}</title></rect>`;
      })}
    </svg>`;
}
