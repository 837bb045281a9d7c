import type { UsageMonth } from '../../../openapi/api-types.js';
import { number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { Empty } from '../elements/states.js';
import type { UsageSection, UsageState } from './section.js';
import { reasonOf, sourceInWords } from './words.js';

export const leftOut: UsageSection = { id: 'usage-left-out', title: 'Left out', View: LeftOut };

/** What was not counted, and why. */
function LeftOut({ usage: { report, choice, query, period } }: { usage: UsageState }): Markup {
  const shown = [...report.known.values()].filter(({ month }) => month >= query.from && month <= query.to);
  const rows = countsOf(shown);
  const sources = [...new Set(shown.flatMap(month => month.sources))];
  const counted = (sources.length === 0 ? [report.source] : sources).map(sourceInWords).join(', and at other times ');
  const notes = [...new Set(shown.flatMap(month => month.notes))].map(
    note => ` ${note.charAt(0).toUpperCase()}${note.slice(1)}.`,
  );
  const narrowed = choice.space !== undefined || choice.dataset !== undefined;
  return html`
    <${Section} of=${leftOut} aside=${html`<span class="muted">${period}</span>`}>
      <p class="section-note">Counted from ${counted}, by the rules of COUNTER for research data. People and machines are counted; what follows is not.${notes}${narrowed && ' It is what was left out of all datasets: what does not count is not kept by dataset.'}</p>
      ${rows.length === 0 && html`<${Empty} title="Nothing was left out" />`}
      ${rows.length > 0 && html`<dl class="panel usage-reasons">${rows.map(({ reason, count }) => html`<${Reason} key=${reason} reason=${reason} count=${count} />`)}</dl>`}
    <//>`;
}

function Reason({ reason, count }: { reason: string; count: number }): Markup {
  const [title, meaning] = reasonOf(reason);
  return html`<div><dt>${title}<span class="muted">${meaning}</span></dt><dd>${number(count)}</dd></div>`;
}

/** The largest first. */
function countsOf(months: readonly UsageMonth[]): readonly { readonly reason: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { left_out: reasons } of months)
    for (const [reason, count] of Object.entries(reasons)) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return [...counts].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
}
