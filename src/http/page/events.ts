import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ask, type EventPage, type StoredEvent } from './api.js';
import { EventTable } from './event-table.js';
import { FirstEvent } from './first-event.js';
import { html, type Markup } from './html.js';
import { Empty, Failure, isOff, Loading, Section } from './states.js';
import { useTap } from './tap.js';
import { number } from './words.js';

interface EventsProps {
  readonly now: number;
  readonly lost: boolean;
  readonly mayPublish: boolean;
}

interface Stored {
  readonly events: readonly StoredEvent[];
  readonly cursor: string | null;
}

const pageSize = 50;
const most = 1000;

/** What came last, and what comes now. */
export function Events({ now, lost, mayPublish }: EventsProps): Markup {
  const [category, setCategory] = useState('');
  const [type, setType] = useState('');
  const [paused, setPaused] = useState(false);
  const [stored, setStored] = useState<Stored | undefined>();
  const [error, setError] = useState<Error | undefined>();
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  const asked = useRef(0);

  const load = async (cursor?: string): Promise<void> => {
    const turn = ++asked.current;
    try {
      const filter = { category: category || undefined, type: type || undefined };
      const page = await ask<EventPage>('v1/events', { query: { ...filter, limit: pageSize, cursor } });
      if (turn !== asked.current) return;
      setError(undefined);
      setStored(before => ({
        events: cursor === undefined ? page.events : [...(before?.events ?? []), ...page.events].slice(0, most),
        cursor: page.next_cursor,
      }));
    } catch (caught) {
      if (turn === asked.current) setError(caught as Error);
    }
  };

  useEffect(() => {
    setStored(undefined);
    const timer = window.setTimeout(() => void load(), type === '' ? 0 : 250);
    return () => window.clearTimeout(timer);
  }, [category, type]);

  const tap = useTap({
    on: error === undefined || !isOff(error),
    category,
    wanted: event => type === '' || event.type === type,
    onGap: () => void load(),
  });
  const live = useMemo(() => tap.events.filter(event => type === '' || event.type === type), [tap.events, type]);
  const shown = useHeld(live, paused, `${category} ${type}`);
  const rows = useMemo(() => joined(shown, stored?.events ?? []), [shown, stored]);
  const fresh = live.length - shown.length;

  useEffect(() => {
    const names = rows.map(event => event.category).filter(name => !known.has(name));
    if (names.length > 0) setKnown(new Set([...known, ...names]));
  }, [rows]);

  const filtered = category !== '' || type !== '';
  const state = lost ? 'no connection' : paused ? 'paused' : tap.state === 'live' ? 'live' : 'connecting';
  const tools = html`
    <span class="tap ${state === 'live' ? 'live' : ''}">${state}</span>
    <button type="button" aria-pressed=${paused} onClick=${() => setPaused(!paused)}>${paused ? `Resume${fresh > 0 ? ` (${number(fresh)} new)` : ''}` : 'Pause'}</button>`;
  return html`
    <${Section} id="events" title="Events" aside=${tools}>
      <form class="filters" role="search" aria-label="Filter events" onSubmit=${(event: Event) => event.preventDefault()}>
        <label>Category <select value=${category} onChange=${(event: Event) => setCategory((event.currentTarget as HTMLSelectElement).value)}>
          <option value="">all</option>
          ${[...known].sort().map(name => html`<option key=${name} value=${name}>${name}</option>`)}
        </select></label>
        <label>Type <input type="search" value=${type} placeholder="any" spellcheck=${false} autocapitalize="off" onInput=${(event: Event) => setType((event.currentTarget as HTMLInputElement).value.trim())} /></label>
        ${tap.dropped > 0 && html`<span class="muted">${number(tap.dropped)} more came faster than they can be shown.</span>`}
      </form>
      ${error !== undefined && stored === undefined && (isOff(error) ? html`<${Empty} title="The local store is off"><p>${error.message}</p><//>` : html`<${Failure} error=${error} onRetry=${() => void load()} />`)}
      ${error === undefined && stored === undefined && html`<${Loading} what="Reading events" />`}
      ${stored !== undefined && rows.length === 0 && (filtered ? html`<${Empty} title="No such event here"><p>Nothing stored has this category and type. What comes in shows up by itself.</p><//>` : html`<${FirstEvent} mayPublish=${mayPublish} />`)}
      ${rows.length > 0 && html`<${EventTable} events=${rows} now=${now} />`}
      ${stored?.cursor != null && stored.events.length < most && html`<p class="more"><button type="button" onClick=${() => void load(stored.cursor ?? undefined)}>Show older events</button></p>`}
    <//>`;
}

/** The list as it was when the pause began. */
function useHeld(live: readonly StoredEvent[], paused: boolean, filter: string): readonly StoredEvent[] {
  const held = useRef({ live, filter });
  if (!paused || held.current.filter !== filter) held.current = { live, filter };
  return held.current.live;
}

/** What came live is on top, in order of arrival; what is stored below, without what is on top already. */
function joined(live: readonly StoredEvent[], stored: readonly StoredEvent[]): readonly StoredEvent[] {
  const ids = new Set(live.map(({ id }) => id));
  return [...live, ...stored.filter(({ id }) => !ids.has(id))];
}
