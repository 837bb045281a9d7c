import { useState } from 'preact/hooks';
import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { useLines } from './answers.js';
import { Instead, LinesTable } from './lines.js';
import { Name } from './name.js';
import type { UsageSection, UsageState } from './section.js';

export const spaces: UsageSection = { id: 'usage-spaces', title: 'Spaces', View: Spaces };

const rowsAtFirst = 10;
const rowsMore = 50;

interface Kind {
  readonly by: 'space' | 'collection' | 'user';
  readonly title: string;
  readonly noun: string;
  readonly unknown: string;
  readonly empty: string;
}

const kinds: readonly [Kind, ...Kind[]] = [
  { by: 'space', title: 'Spaces', noun: 'Space', unknown: 'In no known space', empty: 'No space was used' },
  {
    ...{ by: 'collection', title: 'Collections', noun: 'Collection' },
    ...{ unknown: 'In no known collection', empty: 'No collection was used' },
  },
  { by: 'user', title: 'Owners', noun: 'Owner', unknown: 'Of no known owner', empty: 'Nothing was used' },
];

/** The same figures by where the datasets are, or whose. */
function Spaces({ usage: { query, choose, report } }: { usage: UsageState }): Markup {
  const [kind, setKind] = useState(kinds[0]);
  const [limit, setLimit] = useState(rowsAtFirst);
  const answer = useLines({ by: kind.by, ...query }, limit, report.version);
  const lines = answer.data?.lines ?? [];
  const choice = html`
    <fieldset class="segments"><legend class="unseen">Usage by</legend>
      ${kinds.map(one => html`<label key=${one.by}><input type="radio" name="usage-kind" checked=${one === kind} onChange=${() => setKind(one)} /><span>${one.title}</span></label>`)}
    </fieldset>`;
  const onChoose = kind.by === 'space' ? (space: string) => choose({ space }) : undefined;
  return html`
    <${Section} of=${spaces} aside=${choice}>
      <p class="section-note">A dataset that is in several spaces or collections counts in each of them.</p>
      <${Instead} answer=${answer} empty=${kind.empty} />
      ${lines.length > 0 && html`<${LinesTable} noun=${kind.noun} lines=${lines} stale=${answer.stale} nameOf=${(line: UsageLine) => html`<${Name} line=${line} unknown=${kind.unknown} onChoose=${onChoose} />`} />`}
      ${answer.data?.complete === false && html`<p class="more"><button type="button" disabled=${answer.stale} onClick=${() => setLimit(limit + rowsMore)}>Show more</button></p>`}
    <//>`;
}
