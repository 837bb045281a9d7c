import type { Session, Status } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { Mark } from '../elements/states.js';
import { dateAndTime, duration } from '../elements/words.js';

interface HeaderProps {
  readonly session: Session;
  readonly status: Status | undefined;
  readonly lost: boolean;
  readonly now: number;
  readonly onSignOut: () => void;
}

const parts = [
  ['flow', 'Flow'],
  ['charts', 'Charts'],
  ['events', 'Events'],
  ['dead-letters', 'Dead letters'],
  ['ledger', 'Ledger'],
  ['actors', 'Supervision'],
] as const;

export function Header({ session, status, lost, now, onSignOut }: HeaderProps): Markup {
  const dead = status?.sinks.reduce((sum, sink) => sum + sink.dead, 0) ?? 0;
  return html`
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <h1 class="brand"><${Mark} /> event-sink</h1>
      <nav aria-label="Parts of the page">
        ${parts.map(
          ([id, title]) =>
            html`<a key=${id} href="#${id}">${title}${id === 'dead-letters' && dead > 0 && html`<span class="count">${dead}</span>`}</a>`,
        )}
      </nav>
      <div class="who">
        ${status !== undefined && html`<span class="uptime" title="Since ${dateAndTime(status.started)}">${status.version} · up ${duration(now - status.started)}</span>`}
        <span class="link ${lost ? 'lost' : ''}">${lost ? 'no connection' : 'connected'}</span>
        <span class="key-name" title=${`Scopes: ${session.scopes.join(', ')}`}>${session.name}</span>
        <button type="button" class="quiet" onClick=${onSignOut}>Sign out</button>
      </div>
    </header>`;
}
