import type { Session, Status } from '../../../openapi/api-types.js';
import { dateAndTime, duration, number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import type { PageSection } from '../elements/section.js';
import { Logo } from '../elements/states.js';
import { sections } from './sections.js';

interface HeaderProps {
  readonly session: Session;
  readonly status: Status | undefined;
  readonly lost: boolean;
  readonly now: number;
  readonly onSignOut: () => void;
}

export function Header({ session, status, lost, now, onSignOut }: HeaderProps): Markup {
  return html`
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <h1 class="brand"><${Logo} /> event-sink</h1>
      <nav aria-label="Sections of the page">${sections.map(section => html`<${SectionLink} key=${section.id} section=${section} status=${status} />`)}</nav>
      <div class="who">
        ${status !== undefined && html`<span class="uptime" title="Since ${dateAndTime(status.started)}">${status.version} · up ${duration(now - status.started)}</span>`}
        <span class="link ${lost ? 'lost' : ''}">${lost ? 'no connection' : 'connected'}</span>
        <span class="key-name" title=${`Scopes: ${session.scopes.join(', ')}`}>${session.name}</span>
        <button type="button" class="quiet" onClick=${onSignOut}>Sign out</button>
      </div>
    </header>`;
}

function SectionLink({ section, status }: { section: PageSection; status: Status | undefined }): Markup {
  const count = status === undefined ? 0 : (section.count?.(status) ?? 0);
  return html`<a href="#${section.id}">${section.title}${count > 0 && html`<span class="count">${number(count)}</span>`}</a>`;
}
