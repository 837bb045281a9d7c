import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Session, Status } from '../../../openapi/api-types.js';
import { useFragment } from '../elements/address.js';
import { ask, hasStore, signedOut } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { isUnreachable, useNow, usePolled } from '../elements/polling.js';
import type { PageState } from '../elements/section.js';
import { Failure, Loading } from '../elements/states.js';
import { UsageView } from '../usage/usage.js';
import { Banner } from './banner.js';
import { Header } from './header.js';
import { sections } from './sections.js';
import { operations, type PageView, viewOf } from './views.js';

interface DashboardProps {
  readonly session: Session;
  readonly onSignOut: () => void;
}

const statusMs = 2000;
const ledgerMs = 10_000;

/** The page for those who are signed in. */
export function Dashboard({ session, onSignOut }: DashboardProps): Markup {
  const view = viewOf(useFragment());
  const lost = useRef(false);
  const status = usePolled('status', statusMs, async () => {
    // Sessions end with the daemon that they began at: after a silence it is asked, without provoking a refusal.
    if (lost.current && (await ask('page/session')).session === null) {
      window.dispatchEvent(new Event(signedOut));
    }
    return ask('v1/status');
  });
  lost.current = isUnreachable(status.error);
  const ledger = usePolled('ledger', view === operations ? ledgerMs : null, () => ask('v1/ledger'));
  const offset = useOffset(status.data);
  const now = useNow(offset);
  useTitle(view, status.data, lost.current);
  useArrival(view);

  const head = html`<${Header} view=${view} session=${session} status=${status.data} lost=${lost.current} now=${now} onSignOut=${onSignOut} />`;
  if (status.data === undefined) {
    return html`${head}<main class="sheet">
      ${status.error === undefined ? html`<${Loading} what="Asking the daemon for its status" />` : html`<${Failure} error=${status.error} onRetry=${status.refresh} />`}
    </main>`;
  }
  const page: PageState = {
    session,
    status: status.data,
    ledger: ledger.data,
    ledgerError: ledger.error,
    now,
    offset,
    today: new Date(now).toDateString(),
    lost: lost.current,
    stored: hasStore(status.data),
    refresh: () => {
      status.refresh();
      ledger.refresh();
    },
  };
  return html`
    ${head}
    <main class="sheet ${page.lost ? 'stale' : ''}">
      ${view === operations ? html`<${Banner} page=${page} failingSince=${status.failingSince} />${sections.map(({ id, View }) => html`<${View} key=${id} page=${page} />`)}` : html`<${UsageView} page=${page} />`}
    </main>`;
}

/** Whoever follows a link to another view is taken to its start, as on a page that is loaded, with the focus. */
function useArrival(view: PageView): void {
  const shown = useRef(view);
  useLayoutEffect(() => {
    if (shown.current === view) return;
    shown.current = view;
    window.scrollTo(0, 0);
    document.getElementById(view.start)?.focus({ preventScroll: true });
  }, [view]);
}

/** How far the daemon's clock is ahead of this one, ms; small differences are the network. */
function useOffset(status: Status | undefined): number {
  const offset = useRef({ status, value: 0 });
  if (status !== undefined && offset.current.status !== status) {
    const value = status.now - Date.now();
    offset.current = { status, value: Math.abs(value - offset.current.value) < 1500 ? offset.current.value : value };
  }
  return offset.current.value;
}

function useTitle(view: PageView, status: Status | undefined, lost: boolean): void {
  const problems = status?.problems.length ?? 0;
  const health = problems === 0 ? 'All is well' : `(${problems}) Needs attention`;
  const title = lost ? 'No connection' : view === operations ? health : view.title;
  // With what it names, before anything is painted or has the focus.
  useLayoutEffect(() => {
    document.title = `${title} · event-sink`;
  }, [title]);
}
