import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';

interface NameProps {
  readonly line: UsageLine;
  /** What stands there for all that is of no known one. */
  readonly unknown: string;
  /** Narrows the page to it. */
  readonly onChoose?: ((id: string) => void) | undefined;
}

/** A title as it was given, whatever its language and direction, and what tells it from another of the same title. */
export function Name({ line: { id, title, doi }, unknown, onChoose }: NameProps): Markup {
  if (id === null) return html`<span class="usage-name muted">${unknown}</span>`;
  const words = html`<bdi>${title ?? id}</bdi>`;
  return html`
    <span class="usage-name" title=${title ?? undefined}>${onChoose === undefined ? words : html`<button type="button" class="usage-title" onClick=${() => onChoose(id)}>${words}</button>`}</span>
    ${(doi !== null || title !== null) && html`<span class="usage-id">${doi === null ? id : html`<a href=${`https://doi.org/${encodeURI(doi)}`} rel="noreferrer">${doi}</a>`}</span>`}`;
}
