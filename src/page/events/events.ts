import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { Empty, Failure, Loading, Section } from '../elements/states.js';
import { number } from '../elements/words.js';
import { FirstEvent } from '../flow/first-event.js';
import { EventTable } from './event-table.js';
import { type Filter, useStoredEvents } from './stored-events.js';
import { type Tap, useTap } from './tap.js';

interface EventsProps {
  /** Events of this day are shown by the time alone. */
  readonly today: string;
  readonly lost: boolean;
  readonly mayPublish: boolean;
}

/** Rows at first, and for each wish for more: what stands below keeps its place while events come. */
const rowsAtFirst = 20;
const rowsMore = 50;

/** What came last, and what comes now. */
export function Events({ today, lost, mayPublish }: EventsProps): Markup {
  const [filter, setFilter] = useState<Filter>({ category: '', type: '' });
  const [paused, setPaused] = useState(false);
  const [room, setRoom] = useState(rowsAtFirst);
  const stored = useStoredEvents(filter);
  const wanted = (event: StoredEvent): boolean => filter.type === '' || event.type === filter.type;
  const tap = useTap({ category: filter.category, wanted, onGap: stored.reload });
  const shown = useHeld(tap, paused, filter);
  const live = useMemo(() => shown.events.filter(wanted), [shown, filter.type]);
  const rows = useMemo(() => joined(live, stored.events ?? []), [live, stored.events]);
  const categories = useCategories(rows);

  const choose = (choice: Partial<Filter>): void => {
    setRoom(rowsAtFirst);
    setFilter({ ...filter, ...choice });
  };
  const showOlder = (): void => {
    if (rows.length < room + rowsMore) stored.loadOlder();
    setRoom(room + rowsMore);
  };
  const state = lost ? 'no connection' : paused ? 'paused' : tap.state;
  const fresh = tap.arrived - shown.arrived;
  const tools = html`
    <span class="tap ${state === 'live' ? 'live' : ''}">${state}</span>
    <button type="button" onClick=${() => setPaused(!paused)}>${paused ? `Resume${fresh > 0 ? `, ${number(fresh)} new` : ''}` : 'Pause'}</button>`;
  return html`
    <${Section} id="events" title="Events" aside=${tools}>
      <${Filters} filter=${filter} categories=${categories} onChoose=${choose} dropped=${tap.dropped} />
      <${Instead} stored=${stored} empty=${rows.length === 0} filtered=${filter.category !== '' || filter.type !== ''} mayPublish=${mayPublish} />
      ${rows.length > 0 && html`<${EventTable} events=${rows.slice(0, room)} fresh=${live.length} today=${today} onOpen=${() => setPaused(true)} />`}
      ${(rows.length > room || stored.hasOlder) && html`<p class="more"><button type="button" onClick=${showOlder}>Show older events</button></p>`}
    <//>`;
}

interface FiltersProps {
  readonly filter: Filter;
  readonly categories: readonly string[];
  readonly onChoose: (choice: Partial<Filter>) => void;
  readonly dropped: number;
}

function Filters({ filter, categories, onChoose, dropped }: FiltersProps): Markup {
  const onCategory = (event: Event): void => onChoose({ category: (event.currentTarget as HTMLSelectElement).value });
  const onType = (event: Event): void => onChoose({ type: (event.currentTarget as HTMLInputElement).value.trim() });
  return html`
    <form class="filters" role="search" aria-label="Filter events" onSubmit=${(event: Event) => event.preventDefault()}>
      <label>Category <select value=${filter.category} onChange=${onCategory}>
        <option value="">all</option>
        ${categories.map(name => html`<option key=${name} value=${name}>${name}</option>`)}
      </select></label>
      <label>Type <input type="search" value=${filter.type} placeholder="any" spellcheck=${false} autocapitalize="off" onInput=${onType} /></label>
      ${dropped > 0 && html`<span class="muted">${number(dropped)} more came faster than they can be shown.</span>`}
    </form>`;
}

interface InsteadProps {
  readonly stored: ReturnType<typeof useStoredEvents>;
  readonly empty: boolean;
  readonly filtered: boolean;
  readonly mayPublish: boolean;
}

/** What stands there when there is no event to show. */
function Instead({ stored: { events, error, reload }, empty, filtered, mayPublish }: InsteadProps): Markup | null {
  if (error !== undefined && events === undefined) {
    return html`<${Failure} error=${error} onRetry=${reload} />`;
  }
  if (!empty) return null;
  if (events === undefined) return html`<${Loading} what="Reading events" />`;
  if (!filtered) return html`<${FirstEvent} mayPublish=${mayPublish} />`;
  return html`<${Empty} title="No such event here"><p>Nothing stored has this category and type. What comes in shows up by itself.</p><//>`;
}

/** The tap as it was when the pause began. */
function useHeld(tap: Tap, paused: boolean, filter: Filter): Tap {
  const held = useRef({ tap, filter });
  if (!paused || held.current.filter.category !== filter.category) held.current = { tap, filter };
  return held.current.tap;
}

/** Every category that was seen here. */
function useCategories(rows: readonly StoredEvent[]): readonly string[] {
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const names = rows.map(event => event.category).filter(name => !known.has(name));
    if (names.length > 0) setKnown(new Set([...known, ...names]));
  }, [rows]);
  return [...known].sort();
}

/** What came live is on top, in order of arrival; what is stored below, without what is on top already. */
function joined(live: readonly StoredEvent[], stored: readonly StoredEvent[]): readonly StoredEvent[] {
  const ids = new Set(live.map(({ id }) => id));
  return [...live, ...stored.filter(({ id }) => !ids.has(id))];
}
