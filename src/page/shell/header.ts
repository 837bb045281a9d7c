import type { Session, Status } from '../../../openapi/api-types.js';
import { dateAndTime, duration, number, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Logo } from '../elements/states.js';
import { operations, type PageView, views } from './views.js';

interface HeaderProps {
  readonly view: PageView;
  readonly session: Session;
  readonly status: Status | undefined;
  readonly lost: boolean;
  readonly now: number;
  readonly onSignOut: () => void;
}

export function Header({ view, session, status, lost, now, onSignOut }: HeaderProps): Markup {
  return html`
    <a class="skip" href="#${view.start}">Skip to the content</a>
    <header class="top">
      <h1 class="brand"><${Logo} /> event-sink</h1>
      <nav class="views" aria-label="Views">${views.map(one => html`<${ViewLink} key=${one.start} of=${one} view=${view} status=${status} />`)}</nav>
      <nav class="parts" aria-label="Sections of the page">${view.sections.map(section => html`<${SectionLink} key=${section.id} section=${section} status=${status} />`)}</nav>
      <div class="who">
        ${view === operations && status !== undefined && html`<span class="uptime" title="Since ${dateAndTime(status.started)}">${status.version} · up ${duration(now - status.started)}</span>`}
        <span class="link ${lost ? 'lost' : ''}">${lost ? 'no connection' : 'connected'}</span>
        <span class="key-name" title=${`Scopes: ${session.scopes.join(', ')}`}>${session.name}</span>
        <button type="button" class="quiet" onClick=${onSignOut}>Sign out</button>
      </div>
    </header>`;
}

interface ViewLinkProps {
  readonly of: PageView;
  /** The one that is open. */
  readonly view: PageView;
  readonly status: Status | undefined;
}

/** What needs attention is said by the banner of operations; from elsewhere, by a number at the link to it. */
function ViewLink({ of, view, status }: ViewLinkProps): Markup {
  const problems = of === operations && view !== operations ? (status?.problems.length ?? 0) : 0;
  return html`<a href="#${of.start}" aria-current=${of === view ? 'page' : undefined}>${of.title}${problems > 0 && html`<span class="count" title=${plural(problems, 'problem')}>${number(problems)}</span>`}</a>`;
}

interface SectionLinkProps {
  readonly section: PageView['sections'][number];
  readonly status: Status | undefined;
}

function SectionLink({ section, status }: SectionLinkProps): Markup {
  const count = status === undefined ? 0 : (section.count?.(status) ?? 0);
  return html`<a href="#${section.id}">${section.title}${count > 0 && html`<span class="count">${number(count)}</span>`}</a>`;
}
