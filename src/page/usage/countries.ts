import { useState } from 'preact/hooks';
import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { Empty } from '../elements/states.js';
import { useLines } from './answers.js';
import { Instead, LinesTable } from './lines.js';
import type { UsageSection, UsageState } from './section.js';

export const countries: UsageSection = { id: 'usage-countries', title: 'Countries', View: Countries };

const rowsAtFirst = 10;
/** There are fewer countries. */
const maxCountries = 1000;

function Countries({ usage: { query, report } }: { usage: UsageState }): Markup {
  const [all, setAll] = useState(false);
  const answer = useLines({ by: 'country', ...query }, maxCountries, report.version);
  const lines = answer.data?.lines ?? [];
  return html`
    <${Section} of=${countries}>
      <p class="section-note">By the address, before it is left out, where it is known. Where fewer than three people or machines came from a country on any day, that is all that is said: <b>${'< 3'}</b>.</p>
      ${answer.data === undefined && html`<${Instead} answer=${answer} empty="" />`}
      ${answer.data !== undefined && lines.length === 0 && html`<${Empty} title="No country is known"><p>The NGINX log and browsers say it, unless GEOIP_DATABASE is off.</p><//>`}
      ${lines.length > 0 && html`<${LinesTable} noun="Country" lines=${all ? lines : lines.slice(0, rowsAtFirst)} stale=${answer.stale} nameOf=${({ id }: UsageLine) => nameOf(id)} />`}
      ${!all && lines.length > rowsAtFirst && html`<p class="more"><button type="button" onClick=${() => setAll(true)}>Show all countries</button></p>`}
    <//>`;
}

const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' });

/** `de` as `Germany`; what is no code of a country as it stands. */
function nameOf(code: string | null): string {
  try {
    return names.of((code ?? '').toUpperCase()) ?? '';
  } catch {
    return code ?? '';
  }
}
