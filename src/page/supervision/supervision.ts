import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { ActorTree } from './tree.js';

export const supervision: PageSection = { id: 'actors', title: 'Supervision', View: Supervision };

/** Who watches whom, and how each of them is. */
function Supervision({ page: { status, now } }: { page: PageState }): Markup {
  return html`<${Section} of=${supervision}><div class="panel"><${ActorTree} actors=${status.actors} now=${now} /></div><//>`;
}
