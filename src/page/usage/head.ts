import type { UsageLine } from '../../../openapi/api-types.js';
import { dateAndTime } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';

interface HeadProps {
  readonly period?: string;
  /** `Space: Prairie soils`. */
  readonly narrowed?: readonly string[];
}

/** What is shown, in words; on paper, with where it is from. */
export function Head({ period, narrowed = [] }: HeadProps): Markup {
  return html`
    <header class="usage-head" id="usage" tabindex="-1">
      <h2>Usage of datasets</h2>
      <p>${period ?? 'Views and downloads, counted by the rules of COUNTER for research data'}${narrowed.map(words => html` <bdi key=${words} class="usage-narrowed">${words}</bdi>`)}</p>
      <p class="usage-printed">Printed from ${location.host}, ${dateAndTime(Date.now())}. People, and machines that people use, are counted apart, by the rules of COUNTER for research data.</p>
    </header>`;
}

/** The title of one of these; its id where it has none. */
export function nameOf(lines: readonly UsageLine[] | undefined, id: string): string {
  return lines?.find(line => line.id === id)?.title ?? id;
}
