import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { countsOf, exactFigure, figure, type Group, groups, type Metric } from './figures.js';

/** Two rows above a table: whose figures, then which. */
export function FiguresHead({ metrics, children }: { metrics: readonly Metric[]; children?: unknown }): Markup {
  return html`
    <thead>
      <tr>${children}${groups.map(({ id, title }) => html`<th key=${id} scope="colgroup" colspan=${metrics.length} class="group">${title}</th>`)}</tr>
      <tr>${groups.map(({ id }) => metrics.map(({ name, title }, at) => html`<th key=${`${id} ${name}`} scope="col" class=${at === 0 ? 'first' : ''}>${title}</th>`))}</tr>
    </thead>`;
}

interface FigureCellsProps {
  readonly line: UsageLine | undefined;
  readonly metrics: readonly Metric[];
  /** Nothing is known of it. */
  readonly blank?: boolean;
}

/** The figures of people, then those of machines. On a phone the former say what they are. */
export function FigureCells({ line, metrics, blank = false }: FigureCellsProps): Markup {
  return groups.flatMap(group => cells(group, line, metrics, blank)) as Markup;
}

function cells(group: Group, line: UsageLine | undefined, metrics: readonly Metric[], blank: boolean): Markup[] {
  const counts = countsOf(line, group);
  const whose = html`<td key=${group.id} class="whose" aria-hidden="true">${group.title}</td>`;
  if (blank) return [html`<td key=${`${group.id} blank`} class="first blank" colspan=${metrics.length}>–</td>`];
  if (typeof counts === 'string') {
    return [whose, html`<td key=${`${group.id} few`} class="first few" colspan=${metrics.length}>${counts}</td>`];
  }
  return [
    whose,
    ...metrics.map(
      (metric, at) =>
        html`<td key=${`${group.id} ${metric.name}`} class="${at === 0 ? 'first' : ''} ${counts[metric.name] === 0 ? 'zero' : ''}" data-label=${group === groups[0] ? metric.short : undefined} title=${exactFigure(counts, metric)}>${figure(counts, metric)}</td>`,
    ),
  ];
}
