import { useMemo, useState } from 'preact/hooks';
import type { UsageLine } from '../../../openapi/api-types.js';
import { number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { Empty } from '../elements/states.js';
import { type Lines, maxLines, useLines } from './answers.js';
import { amountOf, type Group, groups, type Metric, mainMetrics } from './figures.js';
import { Instead, LinesTable } from './lines.js';
import { Name } from './name.js';
import type { UsageSection, UsageState } from './section.js';

export const datasets: UsageSection = { id: 'usage-datasets', title: 'Datasets', View: Datasets };

const rowsAtFirst = 25;
const rowsMore = 100;

interface Order {
  readonly title: string;
  readonly by?: readonly [Group, Metric];
}

/** The first is the order in which the API gives them. */
const orders: readonly Order[] = [
  { title: 'most requested' },
  ...groups.flatMap(group =>
    mainMetrics.map(metric => ({
      title: `${metric.title.toLowerCase()}, ${group.title.toLowerCase()}`,
      by: [group, metric] as const,
    })),
  ),
];

/** The most requested first; for a search, or another order, all of them are read. */
function Datasets({ usage: { query, choose, report, period } }: { usage: UsageState }): Markup {
  const [limit, setLimit] = useState(rowsAtFirst);
  const [order, setOrder] = useState(0);
  const [search, setSearch] = useState('');
  const wanted = order > 0 || search !== '' ? maxLines : limit;
  const answer = useLines({ by: 'dataset', ...query }, wanted, report.version);
  const found = useMemo(() => arranged(answer.data?.lines ?? [], search, orders[order]), [answer.data, search, order]);
  const hasMore = found.length > limit || answer.data?.complete === false;
  return html`
    <${Section} of=${datasets} aside=${html`<span class="muted">${period}</span>`}>
      <form class="filters" role="search" aria-label="Datasets" onSubmit=${(event: Event) => event.preventDefault()}>
        <label>Search <input type="search" value=${search} placeholder="title, id or DOI" spellcheck=${false} autocapitalize="off" onInput=${(event: Event) => setSearch((event.currentTarget as HTMLInputElement).value)} /></label>
        <label>Order <select value=${order} onChange=${(event: Event) => setOrder(Number((event.currentTarget as HTMLSelectElement).value))}>
          ${orders.map(({ title }, at) => html`<option key=${title} value=${at}>${title}</option>`)}
        </select></label>
        <span class="muted" role="status">${inWords(answer.data, answer.stale, found.length, limit)}</span>
      </form>
      <${Instead} answer=${answer} empty="No dataset was used" />
      ${!answer.stale && answer.data !== undefined && answer.data.lines.length > 0 && found.length === 0 && html`<${Empty} title="No matching dataset"><p>No dataset that was used in this time has this in its title, id or DOI.</p><//>`}
      ${found.length > 0 && html`<${LinesTable} noun="Dataset" lines=${found.slice(0, limit)} stale=${answer.stale} nameOf=${(line: UsageLine) => html`<${Name} line=${line} unknown="No known dataset" onChoose=${(dataset: string) => choose({ dataset })} />`} />`}
      ${hasMore && html`<p class="more"><button type="button" disabled=${answer.stale} onClick=${() => setLimit(limit + rowsMore)}>Show more datasets</button></p>`}
    <//>`;
}

function inWords(data: Lines | undefined, stale: boolean, found: number, limit: number): string {
  if (data === undefined) return '';
  if (stale) return 'Reading…';
  const shown = number(Math.min(found, limit));
  return data.complete ? `${shown} of ${number(found)}` : `The first ${shown}`;
}

function arranged(lines: readonly UsageLine[], search: string, order: Order | undefined): readonly UsageLine[] {
  const text = search.trim().toLowerCase();
  const found = lines.filter(({ id, title, doi }) =>
    [id, title, doi].some(word => word?.toLowerCase().includes(text) || text === ''),
  );
  if (order?.by === undefined) return found;
  const [group, metric] = order.by;
  return found.sort((a, b) => amountOf(b, group, metric) - amountOf(a, group, metric));
}
