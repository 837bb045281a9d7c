import { dateAndTime, duration } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import type { Outage } from './outage.js';

/** Newest first. */
export function Outages({ outages, words }: { outages: readonly Outage[]; words: string }): Markup {
  const count = outages.length === 1 ? 'One outage' : `${outages.length} outages`;
  return html`
    <details class="service-outages">
      <summary>${count} in the ${words}</summary>
      <ul>${outages.map(({ from, length, cost }) => html`<li key=${from}>From ${dateAndTime(from)} for ${duration(length)}${cost !== '' && html`<span class="service-cost">Meanwhile ${cost}</span>`}</li>`)}</ul>
    </details>`;
}
