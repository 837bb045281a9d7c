import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { StoredEvent } from '../../../openapi/api-types.js';
import { number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Empty, Failure, Loading, StoreOff } from '../elements/states.js';
import { EventTable } from './event-table.js';
import { FirstEvent } from './first-event.js';
import { type LiveEvents, useLiveEvents } from './live-events.js';
import { type Filter, useStoredEvents } from './stored-events.js';

export const events: PageSection = { id: 'events', title: 'Events', View: EventsSection };

/** Rows at first, and for each "more": what stands below keeps its place while events come in. */
const rowsAtFirst = 20;
const rowsMore = 50;

/** The latest events, and those that arrive now. The list does not change with every second. */
function EventsSection({ page: { today, lost, stored, session } }: { page: PageState }): Markup {
  const mayPublish = session.scopes.includes('publish');
  return useMemo(
    () =>
      stored
        ? html`<${EventList} today=${today} lost=${lost} mayPublish=${mayPublish} />`
        : html`<${Section} of=${events}><${StoreOff} /><//>`,
    [today, lost, mayPublish, stored],
  );
}

interface EventListProps {
  readonly today: string;
  readonly lost: boolean;
  readonly mayPublish: boolean;
}

function EventList({ today, lost, mayPublish }: EventListProps): Markup {
  const [filter, setFilter] = useState<Filter>({ category: '', type: '' });
  const [paused, setPaused] = useState(false);
  const [rowLimit, setRowLimit] = useState(rowsAtFirst);
  const stored = useStoredEvents(filter);
  const wanted = (event: StoredEvent): boolean => filter.type === '' || event.type === filter.type;
  const stream = useLiveEvents({ category: filter.category, wanted, onGap: stored.reload });
  const shown = usePaused(stream, paused, filter);
  const live = useMemo(() => shown.events.filter(wanted), [shown, filter.type]);
  const rows = useMemo(() => joined(live, stored.events ?? []), [live, stored.events]);
  const categories = useCategories(rows);

  const choose = (choice: Partial<Filter>): void => {
    setRowLimit(rowsAtFirst);
    setFilter({ ...filter, ...choice });
  };
  const showOlder = (): void => {
    if (rows.length < rowLimit + rowsMore) stored.loadOlder();
    setRowLimit(rowLimit + rowsMore);
  };
  const state = lost ? 'no connection' : paused ? 'paused' : stream.state;
  const fresh = stream.arrived - shown.arrived;
  const tools = html`
    <span class="stream-state ${state === 'live' ? 'live' : ''}">${state}</span>
    <button type="button" onClick=${() => setPaused(!paused)}>${paused ? `Resume${fresh > 0 ? `, ${number(fresh)} new` : ''}` : 'Pause'}</button>`;
  return html`
    <${Section} of=${events} aside=${tools}>
      <${Filters} filter=${filter} categories=${categories} onChoose=${choose} dropped=${stream.dropped} />
      <${Instead} stored=${stored} empty=${!rows.some(fromElsewhere)} filtered=${filter.category !== '' || filter.type !== ''} mayPublish=${mayPublish} />
      ${rows.length > 0 && html`<${EventTable} events=${rows.slice(0, rowLimit)} fresh=${live.length} today=${today} onOpen=${() => setPaused(true)} />`}
      ${(rows.length > rowLimit || stored.hasOlder) && html`<p class="more"><button type="button" onClick=${showOlder}>Show older events</button></p>`}
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
      ${dropped > 0 && html`<span class="muted">${number(dropped)} more arrived faster than they can be shown.</span>`}
    </form>`;
}

/** Not the trail of what was done here, which begins with signing in. */
const fromElsewhere = ({ _source }: StoredEvent): boolean => !['audit', 'problem', 'notification'].includes(_source);

interface InsteadProps {
  readonly stored: ReturnType<typeof useStoredEvents>;
  readonly empty: boolean;
  readonly filtered: boolean;
  readonly mayPublish: boolean;
}

/** What is shown when there is no event. */
function Instead({ stored: { events, error, reload }, empty, filtered, mayPublish }: InsteadProps): Markup | null {
  if (error !== undefined && events === undefined) {
    return html`<${Failure} error=${error} onRetry=${reload} />`;
  }
  if (!empty) return null;
  if (events === undefined) return html`<${Loading} what="Reading events" />`;
  if (!filtered) return html`<${FirstEvent} mayPublish=${mayPublish} />`;
  return html`<${Empty} title="No matching event"><p>No stored event has this category and type. New ones will appear here.</p><//>`;
}

/** The live events as they were when the pause began. */
function usePaused(stream: LiveEvents, paused: boolean, filter: Filter): LiveEvents {
  const kept = useRef({ stream, filter });
  if (!paused || kept.current.filter.category !== filter.category) kept.current = { stream, filter };
  return kept.current.stream;
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

/** Live events on top, the latest first; below them those that were stored before, without repeating any. */
function joined(live: readonly StoredEvent[], stored: readonly StoredEvent[]): readonly StoredEvent[] {
  const ids = new Set(live.map(({ id }) => id));
  return [...live, ...stored.filter(({ id }) => !ids.has(id))];
}
