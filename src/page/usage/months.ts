import { useState } from 'preact/hooks';
import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import type { Months } from './answers.js';
import { Bars } from './bars.js';
import { monthInWords } from './calendar.js';
import { FigureCells, FiguresHead } from './cells.js';
import { allMetrics, exactFigure, figure, type Group, groups, mainMetrics, sumOf } from './figures.js';
import type { UsageSection, UsageState } from './section.js';

export const months: UsageSection = { id: 'usage-months', title: 'Months', View: MonthsSection };

/** People and machines beside each other, in large figures and in columns, and all of it as a table. */
function MonthsSection({ usage }: { usage: UsageState }): Markup {
  const [open, setOpen] = useState(false);
  const aside = html`<button type="button" class="quiet" aria-expanded=${open} aria-controls="usage-table" onClick=${() => setOpen(!open)}>${open ? 'Hide the table' : 'Show as a table'}</button>`;
  return html`
    <${Section} of=${months} aside=${aside}>
      <div class="usage-groups">${groups.map(group => html`<${GroupPanel} key=${group.id} group=${group} usage=${usage} />`)}</div>
      <p class="section-note usage-words">A request retrieves content: a download. An investigation is any access to a dataset or one of its files, requests among them. Unique is what counts once for each dataset and session. Volume is what requests transferred.</p>
      <${MonthTable} report=${usage.report} open=${open} />
    <//>`;
}

function GroupPanel({ group, usage }: { group: Group; usage: UsageState }): Markup {
  const { report, choice, choose, period, thisMonth } = usage;
  const sum = sumOf(chosenLines(report, choice.month), group);
  return html`
    <article class="panel usage-group ${group.id}">
      <h3>${group.title}${choice.month !== undefined && html`<span class="muted">${period}</span>`}</h3>
      <dl class="usage-figures">${mainMetrics.map(metric => html`<div key=${metric.name} title=${exactFigure(sum, metric)}><dt>${metric.title.toLowerCase()}</dt><dd>${figure(sum, metric)}</dd></div>`)}</dl>
      <${Bars} group=${group} report=${report} thisMonth=${thisMonth} chosen=${choice.month} onChoose=${(month: string) => choose({ month: month === choice.month ? undefined : month })} />
    </article>`;
}

function chosenLines({ lines }: Months, month: string | undefined): readonly UsageLine[] {
  return month === undefined ? [...lines.values()] : [lines.get(month)].filter(line => line !== undefined);
}

/** Always there for those who hear the page, and on paper. */
function MonthTable({ report: { months, lines, known }, open }: { report: Months; open: boolean }): Markup {
  const total: UsageLine = {
    ...{ id: null, title: null, doi: null },
    ...{ regular: sumOf(lines.values(), groups[0]), machine: sumOf(lines.values(), groups[1]) },
  };
  return html`
    <div id="usage-table" class="scroll usage-table ${open ? '' : 'unseen'}" ...${open ? { tabindex: 0 } : {}} role="region" aria-label="Usage by month, table">
      <table class="usage-lines months">
        <${FiguresHead} metrics=${allMetrics}><th scope="col" rowspan="2" class="corner">Month</th><//>
        <tbody>${months.map(month => html`<tr key=${month}><th scope="row">${monthInWords(month)}</th><${FigureCells} line=${lines.get(month)} metrics=${allMetrics} blank=${!known.has(month)} /></tr>`)}</tbody>
        <tfoot><tr><th scope="row">All of these</th><${FigureCells} line=${total} metrics=${allMetrics} /></tr></tfoot>
      </table>
    </div>`;
}
