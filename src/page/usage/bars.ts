import { useState } from 'preact/hooks';
import { short } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import type { Months } from './answers.js';
import { monthInWords, monthName, numberOf, yearOf } from './calendar.js';
import { allMetrics, countsOf, figure, type Group } from './figures.js';
import { niceStep } from './scale.js';

interface BarsProps {
  readonly group: Group;
  readonly report: Months;
  readonly thisMonth: string;
  readonly chosen: string | undefined;
  readonly onChoose: (month: string) => void;
}

/** Columns that have a name below them, at most. */
const maxLabels = 13;
const steps = [1, 2, 3, 6, 12] as const;

/**
 * A column a month: what was requested within what was investigated, since every request is an investigation too. For
 * those who see it; the table of months says the same in figures.
 */
export function Bars({ group, report, thisMonth, chosen, onChoose }: BarsProps): Markup {
  const [pointed, setPointed] = useState<string | undefined>();
  const { months, lines, known } = report;
  const columns = months.map(month => {
    const counts = countsOf(lines.get(month), group);
    const [all, requests] =
      typeof counts === 'string' ? [0, 0] : [counts.total_dataset_investigations, counts.total_dataset_requests];
    return { month, all, requests };
  });
  const step = niceStep(Math.max(...columns.map(({ all }) => all)));
  const share = (value: number): string => `${(value / (2 * step)) * 100}%`;
  const every = steps.find(one => months.length / one <= maxLabels) ?? 12;
  const shown = pointed ?? chosen;
  return html`
    <figure class="bars" aria-hidden="true">
      <div class="bars-plot" onPointerLeave=${() => setPointed(undefined)}>
        ${[2, 1, 0].map(at => html`<span key=${at} class="bars-line" style=${{ bottom: `${at * 50}%` }}>${short(at * step)}</span>`)}
        ${columns.map(
          ({ month, all, requests }) => html`
          <div key=${month} class="bars-column ${chosen !== undefined && chosen !== month ? 'other' : ''} ${month === thisMonth ? 'so-far' : ''} ${known.has(month) ? '' : 'nothing'}"
            onPointerEnter=${() => setPointed(month)} onClick=${() => onChoose(month)}>
            <span class="bar" style=${{ height: share(all) }}></span>
            <span class="bar inner" style=${{ height: share(requests) }}></span>
          </div>`,
        )}
      </div>
      <div class="bars-names">${months.map((month, at) => html`<span key=${month} class="${rank(month, every)}">${numberOf(month) % every === 1 % every && html`<span>${monthName(month)}${(numberOf(month) === 1 || at === 0) && html`<br />${yearOf(month)}`}</span>`}</span>`)}</div>
      <figcaption>
        <span class="bars-key"><span class="swatch solid"></span>requests</span>
        <span class="bars-key"><span class="swatch"></span>other investigations</span>
        <span class="bars-pointed">${shown !== undefined && inWords(shown, report, group)}</span>
      </figcaption>
    </figure>`;
}

/** Where it is narrow, every second name is left out. */
function rank(month: string, every: number): string {
  return every < 12 && (numberOf(month) - 1) % (2 * every) !== 0 ? 'minor' : '';
}

function inWords(month: string, { lines, known }: Months, group: Group): string {
  const counts = countsOf(lines.get(month), group);
  if (typeof counts === 'string' || !known.has(month)) return `${monthInWords(month)}: nothing was counted`;
  const said = allMetrics
    .filter(({ name }) => name === 'total_dataset_requests' || name === 'total_dataset_investigations')
    .map(metric => `${figure(counts, metric)} ${metric.title.toLowerCase()}`);
  return `${monthInWords(month)}: ${said.join(', ')}`;
}
