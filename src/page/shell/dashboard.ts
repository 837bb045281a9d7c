import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Charts } from '../charts/charts.js';
import { DeadLetters } from '../dead-letters/dead-letters.js';
import { ask, hasStore, type Ledger, type Session, type Status, signedOut } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { isUnreachable, useNow, usePolled } from '../elements/polling.js';
import { Failure, Loading, Section, StoreOff } from '../elements/states.js';
import { Events } from '../events/events.js';
import { Flow } from '../flow/flow.js';
import { useRates } from '../flow/rates.js';
import { LedgerSums } from '../ledger/ledger.js';
import { Actors } from '../supervision/actors.js';
import { Banner } from './banner.js';
import { Header } from './header.js';

interface DashboardProps {
  readonly session: Session;
  readonly onSignOut: () => void;
}

const statusMs = 2000;
const ledgerMs = 10_000;

/** The page for those who are signed in. */
export function Dashboard({ session, onSignOut }: DashboardProps): Markup {
  const lost = useRef(false);
  const status = usePolled<Status>('status', statusMs, async () => {
    // Sessions end with the daemon that they were begun at: after a silence it is asked, without provoking a refusal.
    if (lost.current && (await ask<{ session: Session | null }>('page/session')).session === null) {
      window.dispatchEvent(new Event(signedOut));
    }
    return ask<Status>('v1/status');
  });
  lost.current = isUnreachable(status.error);
  const ledger = usePolled<Ledger>('ledger', ledgerMs, () => ask<Ledger>('v1/ledger'));
  const rates = useRates(status.data);
  const offset = useOffset(status.data);
  const now = useNow(offset);
  const admin = session.scopes.includes('admin');

  useTitle(status.data, lost.current);

  // These do not change with every second, and are not looked through for what might have changed.
  const today = new Date(now).toDateString();
  const mayPublish = session.scopes.includes('publish');
  const stored = status.data !== undefined && hasStore(status.data);
  const charts = useMemo(() => html`<${Charts} offset=${offset} stored=${stored} />`, [offset, stored]);
  const events = useMemo(
    () =>
      stored
        ? html`<${Events} today=${today} lost=${lost.current} mayPublish=${mayPublish} />`
        : html`<${Section} id="events" title="Events"><${StoreOff} /><//>`,
    [today, lost.current, mayPublish, stored],
  );
  const known = status.data !== undefined;
  const sums = useMemo(
    () => html`<${LedgerSums} ledger=${ledger.data} error=${ledger.error} titles=${titlesOf(status.data)} />`,
    [ledger.data, ledger.error, known],
  );

  const head = html`<${Header} session=${session} status=${status.data} lost=${lost.current} now=${now} onSignOut=${onSignOut} />`;
  if (status.data === undefined) {
    return html`${head}<main class="sheet">
      ${status.error === undefined ? html`<${Loading} what="Asking the daemon how it is" />` : html`<${Failure} error=${status.error} onRetry=${status.refresh} />`}
    </main>`;
  }
  const refresh = (): void => {
    status.refresh();
    ledger.refresh();
  };
  return html`
    ${head}
    <main class="sheet ${lost.current ? 'stale' : ''}">
      <${Banner} status=${status.data} ledger=${ledger.data} lost=${lost.current} failingSince=${status.failingSince} now=${now} />
      <${Flow} status=${status.data} rates=${rates} now=${now} />
      ${charts}
      ${events}
      <${DeadLetters} sinks=${status.data.sinks} admin=${admin} now=${now} onChanged=${refresh} />
      ${sums}
      <${Section} id="actors" title="Supervision"><div class="panel"><${Actors} actors=${status.data.actors} now=${now} /></div><//>
    </main>`;
}

const titlesOf = (status: Status | undefined): ReadonlyMap<string, string> =>
  new Map(status?.sinks.map(({ sink, title }) => [sink, title]));

/** How far the daemon's clock is ahead of this one, ms; small differences are the network. */
function useOffset(status: Status | undefined): number {
  const offset = useRef({ status, value: 0 });
  if (status !== undefined && offset.current.status !== status) {
    const value = status.now - Date.now();
    offset.current = { status, value: Math.abs(value - offset.current.value) < 1500 ? offset.current.value : value };
  }
  return offset.current.value;
}

function useTitle(status: Status | undefined, lost: boolean): void {
  const problems = status?.problems.length ?? 0;
  const title = lost ? 'No connection' : problems === 0 ? 'All is well' : `(${problems}) Needs attention`;
  useEffect(() => {
    document.title = `${title} · event-sink`;
  }, [title]);
}
