import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Empty, Failure, Loading } from '../elements/states.js';
import type { Kept, Lines } from './answers.js';
import { FigureCells, FiguresHead } from './cells.js';
import { amountOf, groups, mainMetrics } from './figures.js';

interface LinesTableProps {
  /** What a line is: `Dataset`. */
  readonly noun: string;
  readonly lines: readonly UsageLine[];
  readonly stale: boolean;
  readonly nameOf: (line: UsageLine) => Markup | string;
}

/** A line a thing, with its share of the requests by people as a bar behind its name. On a phone, one card. */
export function LinesTable({ noun, lines, stale, nameOf }: LinesTableProps): Markup {
  const [people] = groups;
  const [requests] = mainMetrics;
  const max = Math.max(1, ...lines.map(line => amountOf(line, people, requests!)));
  return html`
    <div class="scroll ${stale ? 'usage-stale' : ''}" tabindex="0" role="region" aria-label="Usage by ${noun.toLowerCase()}, table" aria-busy=${stale}>
      <table class="usage-lines">
        <${FiguresHead} metrics=${mainMetrics}><th scope="col" rowspan="2" class="corner">${noun}</th><//>
        <tbody>
          ${lines.map(
            line => html`
            <tr key=${line.id ?? ''}>
              <th scope="row">${nameOf(line)}<span class="usage-share" style=${{ width: `${(amountOf(line, people, requests!) / max) * 100}%` }}></span></th>
              <${FigureCells} line=${line} metrics=${mainMetrics} />
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

interface InsteadProps {
  readonly answer: Kept<Lines>;
  readonly empty: string;
}

/** What stands there when there is no line, or none that is new. */
export function Instead({ answer: { data, stale, error, refresh }, empty }: InsteadProps): Markup | null {
  if (error !== undefined && stale) return html`<${Failure} error=${error} onRetry=${refresh} />`;
  if (data === undefined) return html`<${Loading} what="Counting" />`;
  return data.lines.length > 0 ? null : html`<${Empty} title=${empty} />`;
}
