import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { RunningSettings } from './settings.js';
import { ActorTree } from './tree.js';

export const supervision: PageSection = { id: 'actors', title: 'Supervision', View: Supervision };

/** Which settings run, who watches whom, and how each of them is. */
function Supervision({ page: { status, now } }: { page: PageState }): Markup {
  return html`<${Section} of=${supervision}><div class="panel"><${RunningSettings} settings=${status.settings} now=${now} /><${ActorTree} actors=${status.actors} now=${now} /></div><//>`;
}
